// Carries out the operations of a scenario against one NameNode and prints one line for each: what it answered, or which
// exception with which message. Ids, times and hosts are masked, so that the lines of two NameNodes can be compared.
// Run from source:   java -cp "JARS/*:CONF" Difference.java < difference.txt
//
// A line of a scenario is   USER VERB ARGUMENT... [key=value...]   ; `#` begins a comment. In a word, %XX is a byte, {x*N}
// is x repeated, {id:PATH} the inode id at a path, '' nothing. A verb may be preceded by @N, a fixed call id: the same N
// again is a retry of that call. Two calls at the same time: see `race`.
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.security.PrivilegedExceptionAction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.crypto.CryptoProtocolVersion;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.ContentSummary;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FsServerDefaults;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.QuotaUsage;
import org.apache.hadoop.fs.StorageType;
import org.apache.hadoop.fs.XAttr;
import org.apache.hadoop.fs.XAttrSetFlag;
import org.apache.hadoop.fs.permission.AclEntry;
import org.apache.hadoop.fs.permission.AclStatus;
import org.apache.hadoop.fs.permission.FsAction;
import org.apache.hadoop.fs.permission.FsCreateModes;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.AddBlockFlag;
import org.apache.hadoop.hdfs.DFSUtilClient;
import org.apache.hadoop.hdfs.NameNodeProxiesClient;
import org.apache.hadoop.hdfs.XAttrHelper;
import org.apache.hadoop.fs.BatchedRemoteIterator.BatchedEntries;
import org.apache.hadoop.hdfs.inotify.EventBatchList;
import org.apache.hadoop.hdfs.protocol.BatchedDirectoryListing;
import org.apache.hadoop.hdfs.protocol.BlockStoragePolicy;
import org.apache.hadoop.hdfs.protocol.ClientProtocol;
import org.apache.hadoop.hdfs.protocol.CorruptFileBlocks;
import org.apache.hadoop.hdfs.protocol.DatanodeInfo;
import org.apache.hadoop.hdfs.protocol.DirectoryListing;
import org.apache.hadoop.hdfs.protocol.ECTopologyVerifierResult;
import org.apache.hadoop.hdfs.protocol.ExtendedBlock;
import org.apache.hadoop.hdfs.protocol.HdfsConstants;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.DatanodeReportType;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.hdfs.protocol.HdfsFileStatus;
import org.apache.hadoop.hdfs.protocol.HdfsLocatedFileStatus;
import org.apache.hadoop.hdfs.protocol.LastBlockWithStatus;
import org.apache.hadoop.hdfs.protocol.OpenFileEntry;
import org.apache.hadoop.hdfs.protocol.OpenFilesIterator.OpenFilesType;
import org.apache.hadoop.hdfs.protocol.LocatedBlock;
import org.apache.hadoop.hdfs.protocol.LocatedBlocks;
import org.apache.hadoop.hdfs.server.protocol.DatanodeStorageReport;
import org.apache.hadoop.io.EnumSetWritable;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.ipc.Client;
import org.apache.hadoop.ipc.RemoteException;
import org.apache.hadoop.security.UserGroupInformation;

public class Difference {
  private static final Configuration conf = new Configuration();
  private static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  private static final Map<String, ClientProtocol> namenodes = new HashMap<>();
  private static final Map<String, FileSystem> fileSystems = new HashMap<>();
  /** Blocks by the name that the scenario gave them. */
  private static final Map<String, LocatedBlock> blocks = new TreeMap<>();
  private static final long started = System.currentTimeMillis();
  private static String root;
  /** Ids from which the run's own are counted. */
  private static long firstInode = Long.MAX_VALUE, firstBlock = Long.MAX_VALUE, firstStamp = Long.MAX_VALUE, firstTxid;

  public static void main(String[] args) throws Exception {
    root = UserGroupInformation.getCurrentUser().getShortUserName();
    org.apache.log4j.LogManager.getRootLogger().setLevel(org.apache.log4j.Level.OFF);
    calibrate();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line; (line = in.readLine()) != null; ) {
      line = line.strip();
      if (line.isEmpty() || line.startsWith("#")) continue;
      out.println((line + " -> " + mask(answer(line), seen)).replace("\n", "\\n").replace("\0", "\\0"));
    }
    System.exit(0);
  }

  /** What an operation comes to, or how it fails. */
  private static String answer(String line) {
    try {
      return line.contains(" | ") ? race(line) : run(line);
    } catch (RemoteException e) {
      return e.getClassName() + ": " + message(e.getMessage());
    } catch (Exception e) {
      return "(client) " + e.getClass().getName() + ": " + message(String.valueOf(e.getMessage()));
    }
  }

  /** Learns where ids stand, with a file that is deleted again. */
  private static void calibrate() throws Exception {
    ClientProtocol nn = namenode(root);
    FsPermission mode = FsPermission.createImmutable((short) 0644);
    HdfsFileStatus probe = nn.create("/calibrate", mode, "calibrate",
        new EnumSetWritable<>(EnumSet.of(CreateFlag.CREATE, CreateFlag.OVERWRITE)), false, (short) 1, 1024, CryptoProtocolVersion.supported(), null, null);
    ExtendedBlock block = nn.addBlock("/calibrate", "calibrate", null, null, probe.getFileId(), null,
        EnumSet.noneOf(AddBlockFlag.class)).getBlock();
    firstInode = probe.getFileId();
    firstBlock = block.getBlockId();
    firstStamp = block.getGenerationStamp();
    nn.delete("/calibrate", true);
    firstTxid = nn.getCurrentEditLogTxid();
  }

  private static String message(String text) {
    return text.lines().filter(l -> !l.startsWith("\tat ") && !l.startsWith("\t...") && !l.startsWith("Caused by: ")).limit(6).collect(Collectors.joining(" / "));
  }

  /** Ids in the order in which they were shown: a NameNode may leave some out. */
  private static final Map<Long, Integer> seen = new HashMap<>();
  private static final Pattern NUMBER = Pattern.compile("(?<![\\d.])\\d{4,19}(?!\\d|\\.\\d|B)");

  private static String mask(String text, Map<Long, Integer> seen) {
    text = text.replaceAll("BP-\\d+-[\\d.]+-\\d+", "BP").replaceAll("DS-[-0-9a-f]{36}", "DS");
    text = text.replaceAll("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID");
    text = text.replaceAll("127\\.0\\.0\\.1:\\d+", "HOST").replaceAll("127\\.0\\.0\\.1", "ADDRESS");
    text = text.replaceAll("DFSClient_[A-Z]+_-?\\d+_\\d+", "CLIENT");
    text = text.replaceAll("NamenodeHostName:\\S+", "NamenodeHostName:NAME");
    Matcher numbers = NUMBER.matcher(text);
    return numbers.replaceAll(found -> {
      long n = found.group().length() > 18 ? -1 : Long.parseLong(found.group());
      if (n >= firstBlock && n < firstBlock + 10_000) return "block#" + seen.computeIfAbsent(n, any -> seen.size());
      if (n >= firstInode && n < firstInode + 10_000) return "inode#" + seen.computeIfAbsent(n, any -> seen.size());
      if (n >= started - 1000 && n < started + 600_000) return "NOW";
      return found.group();
    }).replaceAll("(block#\\d+)_\\d+", "$1_GS");
  }

  private static ClientProtocol namenode(String user) throws Exception {
    ClientProtocol known = namenodes.get(user);
    if (known != null) return known;
    InetSocketAddress address = DFSUtilClient.getNNAddress(conf);
    UserGroupInformation ugi = UserGroupInformation.createRemoteUser(user);
    ClientProtocol made = NameNodeProxiesClient.createNonHAProxyWithClientProtocol(
        address, conf, ugi, false, new AtomicBoolean(false));
    namenodes.put(user, made);
    return made;
  }

  private static FileSystem fileSystem(String user) throws Exception {
    FileSystem known = fileSystems.get(user);
    if (known != null) return known;
    FileSystem made = UserGroupInformation.createRemoteUser(user)
        .doAs((PrivilegedExceptionAction<FileSystem>) () -> FileSystem.newInstance(FileSystem.getDefaultUri(conf), conf));
    fileSystems.put(user, made);
    return made;
  }

  private static final Pattern REPEAT = Pattern.compile("\\{([^{}:]+)\\*(\\d+)\\}");
  private static final Pattern ID = Pattern.compile("\\{id:([^{}]+)\\}");

  private static String expand(String word) throws Exception {
    if (word.equals("''")) return "";
    word = REPEAT.matcher(word).replaceAll(m -> Matcher.quoteReplacement(m.group(1).repeat(Integer.parseInt(m.group(2)))));
    if (word.contains("%")) word = URLDecoder.decode(word.replace("+", "%2B"), StandardCharsets.UTF_8);
    Matcher id = ID.matcher(word);
    if (!id.find()) return word;
    HdfsFileStatus status = namenode(root).getFileInfo(id.group(1));
    return id.replaceFirst(status == null ? "9999999" : String.valueOf(status.getFileId()));
  }

  /** One operation's words: positional ones, and those of the form key=value. */
  private static final class Words {
    final List<String> plain = new ArrayList<>();
    final Map<String, String> named = new HashMap<>();
    String at(int i) { return i < plain.size() ? plain.get(i) : null; }
    String get(String key, String otherwise) { return named.getOrDefault(key, otherwise); }
    long number(String key, long otherwise) { return named.containsKey(key) ? Long.parseLong(named.get(key)) : otherwise; }
    ExtendedBlock block(String key) {
      String name = named.get(key);
      return name == null || name.equals("none") ? null : Difference.block(name);
    }
  }

  /** A block by name, perhaps changed: NAME, NAME:LENGTH, NAME:LENGTH:STAMP+N, or NAME:pool, of another block pool. */
  private static ExtendedBlock block(String name) {
    String[] parts = name.split(":");
    ExtendedBlock b = blocks.containsKey(parts[0])
        ? new ExtendedBlock(blocks.get(parts[0]).getBlock())
        : new ExtendedBlock("BP", firstBlock + 9_000, 0, firstStamp);
    if (parts.length > 1 && parts[1].equals("pool")) b.set("BP-1-1.1.1.1-1", b.getLocalBlock());
    else if (parts.length > 1) b.setNumBytes(Long.parseLong(parts[1]));
    if (parts.length > 2) b.setGenerationStamp(b.getGenerationStamp() + Long.parseLong(parts[2]));
    return b;
  }

  private static final Pattern NAMED = Pattern.compile("([a-z]+)=(.*)", Pattern.DOTALL);

  private static String run(String line) throws Exception {
    String[] all = line.split("\\s+");
    Words words = new Words();
    String user = all[0].equals("root") ? root : all[0];
    int verbAt = 1;
    if (all[1].startsWith("@")) {
      Client.setCallIdAndRetryCount(1_000_000 + Integer.parseInt(all[1].substring(1)), 0, null);
      verbAt = 2;
    }
    boolean isFixed = verbAt == 2;
    for (int i = verbAt + 1; i < all.length; i++) {
      Matcher named = NAMED.matcher(all[i]);
      if (isFixed && all[i].contains("{id:")) throw new IllegalArgumentException("a look-up would take the fixed call id");
      if (named.matches()) words.named.put(named.group(1), expand(named.group(2)));
      else words.plain.add(expand(all[i]));
    }
    return perform(user, namenode(user), all[verbAt], words);
  }

  private static FsPermission mode(String text, String otherwise) {
    String[] parts = (text == null ? otherwise : text).split("/");
    FsPermission masked = new FsPermission(Short.parseShort(parts[0], 8));
    return parts.length == 1 ? masked : FsCreateModes.create(masked, new FsPermission(Short.parseShort(parts[1], 8)));
  }

  /**
   * Two operations at the same time, of alice and bob as it may be:
   *   USER race DIRECTORY TIMES | OPERATION... | FIRST | SECOND
   * Each time DIRECTORY is made anew, and the operations before the last two prepare it. What comes out (both answers, and what
   * lies in DIRECTORY then) has to be what comes out one after the other, in the one order or in the other.
   */
  private static String race(String line) throws Exception {
    String[] parts = line.split(" \\| ");
    String[] head = parts[0].split("\\s+");
    String directory = head[2];
    List<String> before = List.of(parts).subList(1, parts.length - 2);
    List<String> racers = List.of(parts).subList(parts.length - 2, parts.length);
    String first = outcome(directory, before, () -> answer(racers.get(0)) + " AND " + answer(racers.get(1)));
    String second = outcome(directory, before, () -> {
      String later = answer(racers.get(1));
      return answer(racers.get(0)) + " AND " + later;
    });
    String odd = "";
    for (int i = Integer.parseInt(head[3]); i > 0; i--) {
      String raced = outcome(directory, before, () -> {
        CyclicBarrier start = new CyclicBarrier(2);
        List<Callable<String>> calls = racers.stream().map(each -> (Callable<String>) () -> {
          start.await();
          return answer(each);
        }).toList();
        List<String> answers = new ArrayList<>();
        for (Future<String> each : RUNNERS.invokeAll(calls)) answers.add(each.get());
        return String.join(" AND ", answers);
      });
      if (!raced.equals(first) && !raced.equals(second)) odd = " BUT TOGETHER " + raced;
    }
    namenode(root).delete(directory, true);
    recount();
    return first + " OR " + second + odd;
  }

  /** Counts transactions anew: there may be more or fewer of them than elsewhere. */
  private static void recount() throws Exception { firstTxid = namenode(root).getCurrentEditLogTxid(); }

  private static final ExecutorService RUNNERS = Executors.newFixedThreadPool(2);

  private static String outcome(String directory, List<String> before, Callable<String> calls) throws Exception {
    ClientProtocol nn = namenode(root);
    nn.delete(directory, true);
    nn.mkdirs(directory, mode("777", null), true);
    StringBuilder text = new StringBuilder();
    for (String each : before) text.append(answer(each)).append("; ");
    text.append(calls.call()).append(" LEFT");
    tree(nn, directory, text);
    return mask(text.append(' ').append(summary(nn.getContentSummary(directory))).toString(), new HashMap<>());
  }

  private static void tree(ClientProtocol nn, String directory, StringBuilder text) throws Exception {
    for (HdfsFileStatus each : nn.getListing(directory, new byte[0], true).getPartialListing()) {
      String path = directory + "/" + each.getLocalName();
      text.append(" | ").append(path).append(' ').append(status(each));
      if (each instanceof HdfsLocatedFileStatus file) text.append(' ').append(locations(file.getLocatedBlocks()));
      if (each.isDirectory()) tree(nn, path, text);
    }
  }

  private static String perform(String user, ClientProtocol nn, String verb, Words w) throws Exception {
    String path = w.at(0);
    String client = w.get("client", user);
    long id = w.number("id", HdfsConstants.GRANDFATHER_INODE_ID);
    switch (verb) {
      case "mkdirs": return "" + nn.mkdirs(path, mode(w.at(1), "755"), !"no".equals(w.get("parent", "yes")));
      case "create": {
        EnumSet<CreateFlag> flags = EnumSet.noneOf(CreateFlag.class);
        for (String flag : w.get("flags", "CREATE").split(",")) if (!flag.isEmpty()) flags.add(CreateFlag.valueOf(flag));
        HdfsFileStatus made = nn.create(path, mode(w.get("mode", null), "644"), client, new EnumSetWritable<>(flags, CreateFlag.class),
            !"no".equals(w.get("parent", "yes")), (short) w.number("replication", 1), w.number("blocksize", 1024),
            CryptoProtocolVersion.supported(), w.get("ec", null), w.get("policy", null));
        return status(made) + (made.getModificationTime() == made.getAccessTime() ? " m=a" : "");
      }
      case "put": {
        Path target = new Path(path);
        OutputStream to = fileSystem(user).create(target, FsPermission.createImmutable((short) 0644), true, 4096,
            (short) w.number("replication", 1), w.number("blocksize", 1024), null);
        try (to) {
          to.write(new byte[Integer.parseInt(w.at(1))]);
        } catch (IOException e) {
          // Whether this client completes a file that it was refused a block for depends on which of its threads is first.
          fileSystem(user).delete(target, false);
          throw e;
        }
        return "written";
      }
      case "append": {
        EnumSet<CreateFlag> flags = EnumSet.noneOf(CreateFlag.class);
        for (String flag : w.get("flags", "APPEND").split(",")) flags.add(CreateFlag.valueOf(flag));
        LastBlockWithStatus last = nn.append(path, client, new EnumSetWritable<>(flags, CreateFlag.class));
        if (w.named.containsKey("as")) blocks.put(w.get("as", ""), last.getLastBlock());
        return located(last.getLastBlock()) + " " + status(last.getFileStatus());
      }
      case "truncate": {
        boolean done = nn.truncate(path, Long.parseLong(w.at(1)), client);
        return done + (w.named.containsKey("settle") && !done ? " " + settled(nn, path) : "");
      }
      case "concat": nn.concat(path, w.plain.subList(1, w.plain.size()).toArray(new String[0])); return "done";
      case "settle": return settled(nn, path);
      case "addBlock": {
        EnumSet<AddBlockFlag> flags = EnumSet.noneOf(AddBlockFlag.class);
        if (w.named.containsKey("flags")) flags.add(AddBlockFlag.valueOf(w.get("flags", "")));
        DatanodeInfo[] excluded = "all".equals(w.get("exclude", ""))
            ? namenode(root).getDatanodeReport(DatanodeReportType.LIVE) : null;
        // The last of the nodes, by its port and whatever name its machine has.
        String favoured = null;
        if (w.named.containsKey("favoured")) {
          favoured = w.get("favoured", "") + ":" + Arrays.stream(namenode(root).getDatanodeReport(DatanodeReportType.LIVE))
              .mapToInt(DatanodeInfo::getXferPort).max().getAsInt();
        }
        LocatedBlock made = nn.addBlock(path, client, w.block("previous"), excluded, id, favoured == null ? null : new String[] {favoured}, flags);
        if (w.named.containsKey("as")) blocks.put(w.get("as", ""), made);
        String place = favoured;
        return located(made) + (place == null ? "" : " favoured=" + Arrays.stream(made.getLocations())
            .anyMatch(n -> place.endsWith(":" + n.getXferPort())));
      }
      case "additional": {
        LocatedBlock b = blocks.get(w.get("block", ""));
        return located(nn.getAdditionalDatanode(path, id, w.block("block"), b.getLocations(), b.getStorageIDs(), new DatanodeInfo[0],
            (int) w.number("number", 1), client));
      }
      case "abandon": nn.abandonBlock(w.block("block"), id, path, client); return "done";
      case "complete": return "" + nn.complete(path, client, w.block("last"), id);
      case "fsync": nn.fsync(path, id, client, w.number("length", -1)); return "done";
      case "stamp": {
        LocatedBlock b = unlessGone(() -> nn.updateBlockForPipeline(w.block("block"), client));
        if (w.named.containsKey("as")) blocks.put(w.get("as", ""), b);
        return located(b);
      }
      case "pipeline": {
        LocatedBlock b = blocks.get(w.get("nodes", ""));
        ExtendedBlock old = w.block("old");
        ExtendedBlock next = w.block("new");
        // The stamp alone of what may be another block by now.
        if (w.named.containsKey("stamp")) next.setBlockId(old.getBlockId());
        unlessGone(() -> {
          nn.updatePipeline(client, old, next,
              b == null ? new DatanodeInfo[0] : b.getLocations(),
              b == null || b.getStorageIDs() == null ? new String[0] : b.getStorageIDs());
          return null;
        });
        return "done";
      }
      case "renew": nn.renewLease(client, null); return "done";
      case "recover": {
        boolean done = nn.recoverLease(path, client);
        return done + (w.named.containsKey("settle") && !done ? " " + settled(nn, path) : "");
      }
      case "closed": return "" + nn.isFileClosed(path);
      case "delete": return "" + nn.delete(path, "yes".equals(w.get("recursive", "yes")));
      case "rename": return "" + nn.rename(path, w.at(1));
      case "rename2": {
        String options = w.get("options", "NONE");
        nn.rename2(path, w.at(1), Stream.of(options.split(",")).map(Options.Rename::valueOf).toArray(Options.Rename[]::new));
        return "done";
      }
      case "info": return status(nn.getFileInfo(path));
      case "link": return status(nn.getFileLinkInfo(path));
      case "located": {
        HdfsLocatedFileStatus s = nn.getLocatedFileInfo(path, false);
        return status(s) + (s == null ? "" : " " + locations(s.getLocatedBlocks()));
      }
      case "list": return listing(nn.getListing(path, w.get("after", "").getBytes(StandardCharsets.UTF_8), "yes".equals(w.get("blocks", "no"))));
      case "locations": return locations(nn.getBlockLocations(path, Long.parseLong(w.at(1)), Long.parseLong(w.at(2))));
      case "times": nn.setTimes(path, Long.parseLong(w.at(1)), Long.parseLong(w.at(2))); return "done";
      case "owner": nn.setOwner(path, w.get("user", null), w.get("group", null)); return "done";
      case "mode": nn.setPermission(path, mode(w.at(1), null)); return "done";
      case "replication": return "" + nn.setReplication(path, Short.parseShort(w.at(1)));
      case "policy": nn.setStoragePolicy(path, w.at(1)); return "done";
      case "unpolicy": nn.unsetStoragePolicy(path); return "done";
      case "getpolicy": return "" + nn.getStoragePolicy(path);
      case "policies": return Arrays.stream(nn.getStoragePolicies()).map(BlockStoragePolicy::toString).collect(Collectors.joining("; "));
      case "blocksize": return "" + nn.getPreferredBlockSize(path);
      case "summary": return summary(nn.getContentSummary(path));
      case "usage": return usage(nn.getQuotaUsage(path));
      case "quota":
        nn.setQuota(path, limit(w.at(1)), limit(w.at(2)), w.named.containsKey("type") ? StorageType.valueOf(w.get("type", "")) : null);
        return "done";
      case "open": return open(nn.listOpenFiles(w.number("after", 0), EnumSet.of(OpenFilesType.valueOf(w.get("kind", "ALL_OPEN_FILES"))), path));
      case "batch": return batch(nn.getBatchedListing(w.plain.toArray(new String[0]),
          "yes".equals(w.get("next", "no")) ? batchKey : new byte[0], "yes".equals(w.get("blocks", "no"))));
      case "target": return nn.getLinkTarget(path);
      case "symlink": nn.createSymlink(path, w.at(1), mode(null, "755"), true); return "done";
      case "events": return events(nn.getEditsFromTxid(w.named.containsKey("back")
          ? Math.max(firstTxid + 1, namenode(root).getCurrentEditLogTxid() - w.number("back", 0)) : firstTxid + w.number("from", 1)));
      case "access": nn.checkAccess(path, FsAction.getFsAction(w.at(1))); return "allowed";
      case "safemode": return "" + nn.setSafeMode(SafeModeAction.valueOf("SAFEMODE_" + w.at(0)), true);
      case "defaults": return defaults(nn.getServerDefaults());
      case "stats": { long[] s = nn.getStats(); return s.length + " figures, blocks " + Arrays.toString(Arrays.copyOfRange(s, 4, 8)); }
      case "blockstats": return (nn.getReplicatedBlockStats() + " " + nn.getECBlockGroupStats()).replaceAll("PendingDeletionBlocks=\\d+ ?", "");
      case "report": return Arrays.stream(nn.getDatanodeReport(DatanodeReportType.valueOf(w.at(0)))).map(Difference::datanode).sorted().collect(Collectors.joining("; "));
      case "storages": return Arrays.stream(nn.getDatanodeStorageReport(DatanodeReportType.valueOf(w.at(0)))).map(Difference::storages).sorted().collect(Collectors.joining("; "));
      case "slow": return "" + nn.getSlowDatanodeReport().length;
      case "save": return "" + nn.saveNamespace(w.number("window", 0), w.number("gap", 0));
      case "roll": return nn.rollEdits() > 0 ? "rolled" : "nothing";
      case "recount": recount(); return "done";
      case "txid": return "+" + (nn.getCurrentEditLogTxid() - firstTxid);
      case "finalize": nn.finalizeUpgrade(); return "done";
      case "upgraded": return "" + nn.upgradeStatus();
      case "bandwidth": nn.setBalancerBandwidth(Long.parseLong(w.at(0))); return "done";
      case "state": return "" + nn.getHAServiceState();
      case "msync": nn.msync(); return "done";
      case "zone": return "" + nn.getEZForPath(path);
      case "zones": return "" + nn.listEncryptionZones(0).size();
      case "enclosing": return "" + nn.getEnclosingRoot(path);
      case "erasure": return "" + nn.getErasureCodingPolicy(path);
      case "token": return "" + nn.getDelegationToken(new Text(user));
      case "key": return "" + nn.getDataEncryptionKey();
      case "snapshottable": return Arrays.toString(nn.getSnapshottableDirListing());
      case "pools": return "" + nn.listCachePools("").size();
      case "directives": return "" + nn.listCacheDirectives(0, new org.apache.hadoop.hdfs.protocol.CacheDirectiveInfo.Builder().build()).size();
      case "badblocks":
        nn.reportBadBlocks(new LocatedBlock[] {new LocatedBlock(w.block("block"),
            w.named.containsKey("nowhere") ? new DatanodeInfo[0] : blocks.get(w.get("block", "")).getLocations())});
        return "done";
      case "metasave": nn.metaSave(path); return "done";
      case "corrupt": { CorruptFileBlocks c = nn.listCorruptFileBlocks(path, w.get("cookie", null)); return Arrays.toString(c.getFiles()) + " " + c.getCookie(); }
      case "restore": return "" + nn.restoreFailedStorage(w.at(0));
      case "refreshnodes": nn.refreshNodes(); return "done";
      case "rolling": return "" + nn.rollingUpgrade(HdfsConstants.RollingUpgradeAction.valueOf(w.at(0)));
      case "ecpolicies": return Arrays.stream(nn.getErasureCodingPolicies()).map(p -> p + "").sorted().collect(Collectors.joining("; "));
      case "codecs": return "" + new TreeMap<>(nn.getErasureCodingCodecs());
      case "topology": {
        ECTopologyVerifierResult r = nn.getECTopologyResultForPolicies(w.plain.toArray(new String[0]));
        return r.isSupported() + " " + r.getResultMessage();
      }
      case "reencryption": return "" + nn.listReencryptionStatus(0).size();
      case "snapshots": return Arrays.toString(nn.getSnapshotListing(path));
      case "snapshotdiff": return "" + nn.getSnapshotDiffReport(path, w.at(1), w.at(2));
      case "snapshotdiffs": return "" + nn.getSnapshotDiffReportListing(path, w.at(1), w.at(2), new byte[0], -1);
      case "await": {
        // Until every block of the file is known at this many places.
        for (int i = 0; i < 200; i++) {
          long wanted = Long.parseLong(w.at(1));
          if (nn.getBlockLocations(path, 0, Long.MAX_VALUE).getLocatedBlocks().stream().allMatch(b -> b.getLocations().length == wanted)) return "there";
          Thread.sleep(50);
        }
        return "never";
      }
      case "setacl": nn.setAcl(path, acl(w.at(1), true)); return "done";
      case "modacl": nn.modifyAclEntries(path, acl(w.at(1), true)); return "done";
      case "rmacl": nn.removeAclEntries(path, acl(w.at(1), false)); return "done";
      case "rmdefaults": nn.removeDefaultAcl(path); return "done";
      case "clearacl": nn.removeAcl(path); return "done";
      case "getacl": { AclStatus s = nn.getAclStatus(path); return s + " " + s.getPermission(); }
      case "setxattr": {
        EnumSet<XAttrSetFlag> flags = EnumSet.noneOf(XAttrSetFlag.class);
        for (String flag : w.get("flags", "CREATE,REPLACE").split(",")) if (!flag.isEmpty()) flags.add(XAttrSetFlag.valueOf(flag));
        nn.setXAttr(path, xattr(w.at(1), w.get("value", null)), flags);
        return "done";
      }
      case "rmxattr": nn.removeXAttr(path, xattr(w.at(1), null)); return "done";
      case "getxattrs":
        return xattrs(nn.getXAttrs(path, w.plain.stream().skip(1).map(name -> xattr(name, null)).collect(Collectors.toList())));
      case "listxattrs": return xattrs(nn.listXAttrs(path));
      default: throw new IllegalArgumentException("no such verb: " + verb);
    }
  }

  /** Until nobody has the file open. */
  private static String settled(ClientProtocol nn, String path) throws Exception {
    for (int i = 0; i < 600 && !nn.isFileClosed(path); i++) Thread.sleep(50);
    return "closed " + nn.isFileClosed(path);
  }

  /** A call about a block: Apache takes a deleted file's for some of its own for 10 ms more. */
  private static <T> T unlessGone(Callable<T> call) throws Exception {
    try {
      return call.call();
    } catch (RemoteException e) {
      if (!e.getMessage().matches("(?s)Unexpected BlockUCState.*|The file .* belonged to does not exist.*")) throw e;
      Thread.sleep(100);
      return call.call();
    }
  }

  private static List<AclEntry> acl(String spec, boolean withPermissions) {
    return AclEntry.parseAclSpec(spec == null ? "" : spec, withPermissions);
  }

  private static XAttr xattr(String name, String value) {
    return XAttrHelper.buildXAttr(name, value == null ? null : value.getBytes(StandardCharsets.UTF_8));
  }

  private static String xattrs(List<XAttr> found) {
    return found.stream().map(x -> XAttrHelper.getPrefixedName(x) + "="
        + (x.getValue() == null ? "null" : x.getValue().length + ":" + Arrays.hashCode(x.getValue()))).toList().toString();
  }

  /** Of setQuota: a number, or what leaves a limit as it is or lifts it. */
  private static long limit(String text) {
    return text.equals("keep") ? HdfsConstants.QUOTA_DONT_SET : text.equals("reset") ? HdfsConstants.QUOTA_RESET : Long.parseLong(text);
  }

  private static String open(BatchedEntries<OpenFileEntry> files) {
    StringBuilder text = new StringBuilder("more=" + files.hasMore());
    for (int i = 0; i < files.size(); i++) {
      OpenFileEntry f = files.get(i);
      text.append(" | " + f.getId() + " " + f.getFilePath() + " " + f.getClientName() + " " + f.getClientMachine());
    }
    return text.toString();
  }

  private static byte[] batchKey = new byte[0];

  private static String batch(BatchedDirectoryListing l) {
    batchKey = l.getStartAfter();
    return "more=" + l.hasMore() + " key=" + l.getStartAfter().length + Arrays.stream(l.getListings()).map(p -> {
      String shown = " | " + p.getParentIdx() + ":";
      if (p.getException() != null) return shown + p.getException().getClassName() + ": " + message(p.getException().getMessage());
      return shown + p.getPartialListing().stream().map(s -> status((HdfsFileStatus) s)).collect(Collectors.joining(", "));
    }).collect(Collectors.joining());
  }

  private static String events(EventBatchList list) {
    if (list.getFirstTxid() < 0) return "none";
    return "first=+" + (list.getFirstTxid() - firstTxid) + " last=+" + (list.getLastTxid() - firstTxid) + list.getBatches().stream().map(b ->
        " | +" + (b.getTxid() - firstTxid) + " " + Arrays.stream(b.getEvents()).map(e -> e.toString().replaceAll("\\s+", " ")).collect(Collectors.joining("; ")))
        .collect(Collectors.joining());
  }

  private static String time(long at) {
    if (at > 1_600_000_000_000L && at < started - 1000) return "earlier";
    return at >= started - 1000 && at <= System.currentTimeMillis() + 1000 ? "now" : String.valueOf(at);
  }

  private static String status(HdfsFileStatus s) {
    if (s == null) return "null";
    return (s.isDirectory() ? "dir" : s.isSymlink() ? "link" : "file") + " '" + s.getLocalName() + "' " + s.getPermission() + " " + s.getOwner() + ":"
        + s.getGroup() + " len=" + s.getLen() + " repl=" + s.getReplication() + " bs=" + s.getBlockSize() + " m=" + time(s.getModificationTime())
        + " a=" + time(s.getAccessTime()) + " children=" + s.getChildrenNum() + " policy=" + s.getStoragePolicy()
        + " id=" + s.getFileId() + " flags=" + s.hasAcl() + s.isEncrypted() + s.isErasureCoded() + s.isSnapshotEnabled()
        + " ec=" + s.getErasureCodingPolicy() + " crypt=" + s.getFileEncryptionInfo() + " ns=" + s.getNamespace()
        + (s.isSymlink() ? " to=" + new String(s.getSymlinkInBytes(), StandardCharsets.UTF_8) : "");
  }

  private static String located(LocatedBlock b) {
    if (b == null) return "null";
    return b.getBlock().getBlockPoolId() + " " + b.getBlock().getBlockId() + " gs" + (b.getBlock().getGenerationStamp() > firstStamp ? ">" : "<=")
        + " len=" + b.getBlockSize() + " at=" + b.getStartOffset() + " corrupt=" + b.isCorrupt() + " nodes=" + b.getLocations().length
        + " states=" + Arrays.stream(b.getLocations()).map(d -> "" + d.getAdminState()).distinct().toList()
        + " types=" + Arrays.stream(b.getStorageTypes() == null ? new StorageType[0] : b.getStorageTypes()).map(StorageType::toString).distinct().toList()
        + " ids=" + (b.getStorageIDs() == null ? 0 : b.getStorageIDs().length) + " cached=" + b.getCachedLocations().length
        + " token=" + b.getBlockToken().getKind() + "/" + b.getBlockToken().getIdentifier().length;
  }

  private static String locations(LocatedBlocks l) {
    if (l == null) return "null";
    return "length=" + l.getFileLength() + " open=" + l.isUnderConstruction() + " last=" + located(l.getLastLocatedBlock()) + " lastComplete="
        + l.isLastBlockComplete() + l.getLocatedBlocks().stream().map(b -> "\n    " + located(b)).collect(Collectors.joining()).replace("\n   ", " |");
  }

  private static String listing(DirectoryListing l) {
    if (l == null) return "null";
    return l.getPartialListing().length + " of more=" + l.hasMore() + " remaining=" + l.getRemainingEntries() + Arrays.stream(l.getPartialListing())
        .map(s -> " | " + status(s) + (s instanceof HdfsLocatedFileStatus f ? " " + locations(f.getLocatedBlocks()) : "")).collect(Collectors.joining());
  }

  private static String summary(ContentSummary s) {
    return "length=" + s.getLength() + "B files=" + s.getFileCount() + " dirs=" + s.getDirectoryCount() + " " + usage(s) + " snapshot="
        + s.getSnapshotLength() + "/" + s.getSnapshotFileCount() + "/" + s.getSnapshotDirectoryCount() + "/" + s.getSnapshotSpaceConsumed() + " ec=" + s.getErasureCodingPolicy();
  }

  private static String usage(QuotaUsage u) {
    return "count=" + u.getFileAndDirectoryCount() + " quota=" + u.getQuota() + " space=" + u.getSpaceConsumed() + "B spaceQuota=" + u.getSpaceQuota()
        + " types=" + Arrays.stream(StorageType.values()).map(t -> u.getTypeConsumed(t) + "/" + u.getTypeQuota(t)).toList();
  }

  private static String defaults(FsServerDefaults d) {
    return d.getBlockSize() + " " + d.getBytesPerChecksum() + " " + d.getWritePacketSize() + " " + d.getReplication() + " " + d.getFileBufferSize() + " "
        + d.getEncryptDataTransfer() + " " + d.getTrashInterval() + " " + d.getChecksumType() + " '" + d.getKeyProviderUri() + "' " + d.getDefaultStoragePolicyId()
        + " " + d.getSnapshotTrashRootEnabled();
  }

  private static String datanode(DatanodeInfo d) {
    return d.getHostName() + " rack=" + d.getNetworkLocation() + " state=" + d.getAdminState() + " cache=" + d.getCacheCapacity() + "/" + d.getCacheUsed()
        + " version=" + d.getSoftwareVersion() + " capacity=" + (d.getCapacity() > 0) + " remaining=" + (d.getRemaining() > 0) 
        + " domain=" + d.getUpgradeDomain() + " hosts=" + d.getDependentHostNames() + " update=" + time(d.getLastUpdate()) + " uuid=" + d.getDatanodeUuid();
  }

  private static String storages(DatanodeStorageReport r) {
    return datanode(r.getDatanodeInfo()) + Arrays.stream(r.getStorageReports()).map(s -> " " + s.getStorage() + " failed=" + s.isFailed()
        + " mount=" + s.getMount() + " capacity=" + (s.getCapacity() > 0)).collect(Collectors.joining());
  }
}
