import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.*;
import java.lang.reflect.Constructor;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.PrivilegedExceptionAction;
import java.util.*;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.BlockLocation;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FsShell;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.HdfsConfiguration;
import org.apache.hadoop.hdfs.protocol.DatanodeInfo;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.DatanodeReportType;
import org.apache.hadoop.hdfs.server.datanode.DataNode;
import org.apache.hadoop.hdfs.server.namenode.NameNode;
import org.apache.hadoop.hdfs.server.namenode.SecondaryNameNode;
import org.apache.hadoop.hdfs.tools.CacheAdmin;
import org.apache.hadoop.hdfs.tools.CryptoAdmin;
import org.apache.hadoop.hdfs.tools.DFSAdmin;
import org.apache.hadoop.hdfs.tools.DFSck;
import org.apache.hadoop.hdfs.tools.DebugAdmin;
import org.apache.hadoop.hdfs.tools.GetConf;
import org.apache.hadoop.hdfs.tools.GetGroups;
import org.apache.hadoop.hdfs.tools.JMXGet;
import org.apache.hadoop.hdfs.tools.ECAdmin;
import org.apache.hadoop.hdfs.tools.StoragePolicyAdmin;
import org.apache.hadoop.hdfs.tools.snapshot.LsSnapshot;
import org.apache.hadoop.hdfs.tools.snapshot.LsSnapshottableDir;
import org.apache.hadoop.hdfs.tools.snapshot.SnapshotDiff;
import org.apache.hadoop.hdfs.tools.offlineEditsViewer.OfflineEditsViewer;
import org.apache.hadoop.hdfs.tools.offlineImageViewer.OfflineImageViewerPB;
import org.apache.hadoop.io.nativeio.NativeIO;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;
import org.apache.hadoop.security.UserGroupInformation;
import org.apache.hadoop.util.ExitUtil;
import org.apache.hadoop.util.Tool;
import org.apache.hadoop.util.ToolRunner;

/**
 * Apache's commands and daemons in one JVM, one request a line, so that a test pays for one start instead of hundreds.
 * A request is {"command", "conf": directory, "args": [...], "user"?, "stdin"?}, an answer {"code", "out", "err"}, both JSON,
 * with what was read and printed in base64. Besides Hadoop's commands: checkpoint (one of a secondary), start-namenode,
 * start-datanode and stop (args: a name for the daemon), datanodes, which prints when each live DataNode sent its last
 * full block report, and await-replicas (args: how many, paths); and any other Tool by the name of its class. And one file that is written bit by bit: stream-create and stream-append (args: a path), stream-write
 * (what is on the standard input), stream-hflush, stream-hsync and stream-close.
 */
public final class Resident {
  private static final long REPLICAS_LIMIT_NANOS = 90_000_000_000L;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Map<String, Closeable> daemons = new HashMap<>();
  private static DistributedFileSystem streamFiles;
  private static FSDataOutputStream stream;

  public static void main(String[] argv) throws Exception {
    PrintStream answers = System.out;
    // Several daemons have beans of one name in this JVM, and none may end it.
    DefaultMetricsSystem.setMiniClusterMode(true);
    ExitUtil.disableSystemExit();
    ExitUtil.disableSystemHalt();
    // Without the native library no memory can be locked, and no DataNode would take blocks into it: bytes are counted only.
    NativeIO.POSIX.setCacheManipulator(new NativeIO.POSIX.NoMlockCacheManipulator());
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    PrintStream realErr = System.err;
    System.setOut(realErr);
    for (String line; (line = in.readLine()) != null;) {
      JsonNode request = JSON.readTree(line);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      PrintStream errStream = new PrintStream(err, true, StandardCharsets.UTF_8);
      System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
      System.setErr(errStream);
      System.setIn(new ByteArrayInputStream(Base64.getDecoder().decode(request.path("stdin").asText(""))));
      int code;
      try {
        code = request.has("user")
            ? UserGroupInformation.createRemoteUser(request.get("user").asText())
                .doAs((PrivilegedExceptionAction<Integer>) () -> run(request))
            : run(request);
      } catch (ExitUtil.ExitException e) {
        code = e.status;
      } catch (Throwable e) {
        e.printStackTrace(errStream);
        code = 1;
      }
      System.out.flush();
      System.err.flush();
      System.setOut(realErr);
      System.setErr(realErr);
      Base64.Encoder base64 = Base64.getEncoder();
      answers.println("{\"code\":" + code + ",\"out\":\"" + base64.encodeToString(out.toByteArray()) + "\",\"err\":\""
          + base64.encodeToString(err.toByteArray()) + "\"}");
      answers.flush();
    }
    // Nobody needs what the daemons that are left would still do.
    Runtime.getRuntime().halt(0);
  }

  private static int run(JsonNode request) throws Exception {
    Configuration conf = new HdfsConfiguration();
    if (request.hasNonNull("conf")) {
      for (String name : List.of("core-site.xml", "hdfs-site.xml")) {
        File file = new File(request.get("conf").asText(), name);
        if (file.exists()) conf.addResource(new ByteArrayInputStream(Files.readAllBytes(file.toPath())), file.getPath());
      }
    }
    List<String> words = new ArrayList<>();
    request.path("args").forEach(word -> words.add(word.asText()));
    String[] args = words.toArray(String[]::new);
    switch (request.get("command").asText()) {
      case "dfs": {
        FsShell shell = new FsShell(conf);
        try {
          return ToolRunner.run(shell, args);
        } finally {
          // The next command may have other options, which a client that was kept would not see.
          FileSystem.closeAll();
        }
      }
      case "dfsadmin": return tool(new DFSAdmin(conf), conf, args);
      case "storagepolicies": return new StoragePolicyAdmin(conf).run(args);
      case "ec": return tool(new ECAdmin(conf), conf, args);
      case "debug": return tool(new DebugAdmin(conf), conf, args);
      case "fsck": return tool(new DFSck(conf), conf, args);
      case "getconf": {
        Constructor<GetConf> made = GetConf.class.getDeclaredConstructor(Configuration.class);
        made.setAccessible(true);
        return tool(made.newInstance(conf), conf, args);
      }
      case "groups": return tool(new GetGroups(conf, System.out), conf, args);
      case "cacheadmin": return tool(new CacheAdmin(conf), conf, args);
      case "crypto": return tool(new CryptoAdmin(conf), conf, args);
      case "lsSnapshot": return tool(new LsSnapshot(), conf, args);
      case "snapshotDiff": return tool(new SnapshotDiff(), conf, args);
      case "lsSnapshottableDir": return tool(new LsSnapshottableDir(), conf, args);
      // Without a port it looks at the beans of this JVM.
      case "jmxget": JMXGet.main(args); return 0;
      case "oev": return tool(new OfflineEditsViewer(), conf, args);
      case "oiv": return OfflineImageViewerPB.run(args);
      case "namenode": NameNode.createNameNode(args, conf); return 0;
      case "checkpoint": {
        SecondaryNameNode secondary = new SecondaryNameNode(conf);
        try {
          secondary.doCheckpoint();
        } finally {
          secondary.shutdown();
        }
        return 0;
      }
      case "start-namenode": {
        NameNode nameNode = NameNode.createNameNode(Arrays.copyOfRange(args, 1, args.length), conf);
        daemons.put(args[0], nameNode::stop);
        return 0;
      }
      case "start-datanode": {
        DataNode dataNode = DataNode.createDataNode(Arrays.copyOfRange(args, 1, args.length), conf);
        daemons.put(args[0], dataNode::shutdown);
        return 0;
      }
      case "stop": {
        Closeable daemon = daemons.remove(args[0]);
        if (daemon == null) throw new IllegalArgumentException("not running: " + args[0]);
        daemon.close();
        return 0;
      }
      case "datanodes": {
        conf.setInt("ipc.client.connect.max.retries", 0);
        try (DistributedFileSystem files = (DistributedFileSystem) FileSystem.newInstance(conf)) {
          System.out.println("safe mode " + files.isInSafeMode());
          for (DatanodeInfo node : files.getDataNodeStats(DatanodeReportType.LIVE)) {
            System.out.println(node.getXferPort() + " " + node.getLastBlockReportTime());
          }
        }
        return 0;
      }
      case "await-replicas": {
        // As `setrep -w`, which looks only every ten seconds. The first word is how many.
        int count = Integer.parseInt(args[0]);
        try (DistributedFileSystem files = (DistributedFileSystem) FileSystem.newInstance(conf)) {
          for (String path : Arrays.copyOfRange(args, 1, args.length)) {
            long end = System.nanoTime() + REPLICAS_LIMIT_NANOS;
            while (!hasReplicas(files, new Path(path), count)) {
              if (System.nanoTime() > end) throw new IOException(path + " has not its " + count + " replicas in time");
              Thread.sleep(100);
            }
          }
        }
        return 0;
      }
      case "stream-create":
      case "stream-append": {
        streamFiles = (DistributedFileSystem) FileSystem.newInstance(conf);
        Path path = new Path(args[0]);
        stream = request.get("command").asText().equals("stream-create") ? streamFiles.create(path) : streamFiles.append(path);
        return 0;
      }
      case "stream-write": System.in.transferTo(stream); return 0;
      case "stream-hflush": stream.hflush(); return 0;
      case "stream-hsync": stream.hsync(); return 0;
      case "stream-close": {
        try {
          stream.close();
        } finally {
          streamFiles.close();
        }
        return 0;
      }
      default: return tool(named(request.get("command").asText(), conf), conf, args);
    }
  }

  private static boolean hasReplicas(FileSystem files, Path path, int count) throws IOException {
    for (BlockLocation block : files.getFileBlockLocations(path, 0, Long.MAX_VALUE)) {
      if (block.getNames().length != count) return false;
    }
    return true;
  }

  /** A tool by the name of its class, made without arguments or with a configuration. */
  private static Tool named(String name, Configuration conf) throws Exception {
    Class<? extends Tool> type = Class.forName(name).asSubclass(Tool.class);
    for (Constructor<?> each : type.getDeclaredConstructors()) {
      if (each.getParameterCount() == 0) {
        each.setAccessible(true);
        return (Tool) each.newInstance();
      }
    }
    return type.getConstructor(Configuration.class).newInstance(conf);
  }

  private static int tool(Tool tool, Configuration conf, String[] args) throws Exception {
    return ToolRunner.run(conf, tool, args);
  }
}
