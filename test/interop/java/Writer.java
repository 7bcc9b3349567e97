import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.HdfsConfiguration;

/**
 * Apache's client as a writer of a scenario: Writer NAME SEED. After a line "run" it works below /NAME/rN, each run in a new
 * directory, until a line "stop" or a failure; then it says "stopped". It says what it is about to do and what was
 * acknowledged, a line each, and compares what it reads with what it wrote; support/java-writer.ts keeps the ledger.
 */
public final class Writer {
  private static volatile boolean stopping = true;
  private static final List<String> files = new ArrayList<>();
  private static final List<int[]> contents = new ArrayList<>();
  private static Random random;
  private static DistributedFileSystem fs;
  private static String home;
  private static int lastTag = 1_000_000;
  private static int lastName;

  public static void main(String[] args) throws Exception {
    Configuration conf = new HdfsConfiguration();
    random = new Random(Long.parseLong(args[1]));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    Thread worker = null;
    int run = 0;
    for (String line; (line = in.readLine()) != null;) {
      if (line.equals("run")) {
        String before = "/" + args[0] + "/r" + run;
        home = "/" + args[0] + "/r" + ++run;
        stopping = false;
        worker = new Thread(() -> work(conf, before));
        worker.start();
      } else if (line.equals("stop") && worker != null) {
        stopping = true;
        worker.join();
        say("stopped");
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private static synchronized void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  private static void work(Configuration conf, String before) {
    files.clear();
    contents.clear();
    try {
      fs = (DistributedFileSystem) FileSystem.newInstance(conf);
      acknowledged("mkdir " + home, () -> fs.mkdirs(new Path(home)));
      acknowledged("delete " + before, () -> fs.delete(new Path(before), true));
      while (!stopping) {
        step();
        Thread.sleep(random.nextInt(20));
      }
    } catch (Exception e) {
      say("failed " + String.valueOf(e).replace('\n', ' '));
    } finally {
      // What is open stays as it is: somebody else closes it.
      leave();
    }
  }

  private static void leave() {
    if (fs == null) return;
    fs.getClient().closeAllFilesBeingWritten(true);
    try {
      fs.close();
    } catch (IOException e) {
      e.printStackTrace();
    }
    fs = null;
  }

  private interface Call { void run() throws IOException; }

  private static void acknowledged(String what, Call call) throws IOException {
    say("begin " + what);
    call.run();
    say("done");
  }

  private static void step() throws IOException {
    int choice = random.nextInt(100);
    if (choice < 35 || files.size() < 3) write(false);
    else if (choice < 55) write(true);
    else if (choice < 65) {
      int i = random.nextInt(files.size());
      String from = files.get(i);
      String to = home + "/f" + ++lastName;
      acknowledged("rename " + from + " " + to, () -> fs.rename(new Path(from), new Path(to)));
      files.set(i, to);
    } else if (choice < 75 || files.size() > 20) {
      int i = random.nextInt(files.size());
      acknowledged("delete " + files.get(i), () -> fs.delete(new Path(files.get(i)), false));
      files.remove(i);
      contents.remove(i);
    } else read(random.nextInt(files.size()));
  }

  private static void write(boolean flushing) throws IOException {
    String path = home + "/f" + ++lastName;
    int tag = ++lastTag;
    int length = random.nextInt(4) == 0 ? random.nextInt(4096) : random.nextInt(5 * 65536);
    byte[] content = content(tag, length);
    FSDataOutputStream[] out = new FSDataOutputStream[1];
    acknowledged("create " + path + " " + tag, () -> out[0] = fs.create(new Path(path)));
    for (int at = 0; at < length;) {
      int take = flushing ? Math.min(length - at, 1 + random.nextInt(65536)) : length - at;
      say("written " + (at + take));
      out[0].write(content, at, take);
      at += take;
      if (!flushing) continue;
      int how = random.nextInt(3);
      if (how == 1) {
        out[0].hflush();
        say("flushed " + at);
      } else if (how == 2) {
        out[0].hsync();
        say("synced " + at);
      }
    }
    acknowledged("close " + path + " " + tag + " " + length, out[0]::close);
    files.add(path);
    contents.add(new int[] {tag, length});
  }

  private static void read(int i) {
    int[] wanted = contents.get(i);
    byte[] got = new byte[wanted[1]];
    int after;
    try (FSDataInputStream in = fs.open(new Path(files.get(i)))) {
      in.readFully(got);
      after = in.read();
    } catch (IOException e) {
      // Nobody who has it may answer just now.
      say("unread " + files.get(i));
      return;
    }
    if (after < 0 && Arrays.equals(got, content(wanted[0], wanted[1]))) say("read");
    else say("wrong " + files.get(i) + " was read with other bytes than were written");
  }

  /** As contentOf of test/scenarios/ledger.ts. */
  private static byte[] content(int tag, int length) {
    byte[] bytes = new byte[(length + 3) / 4 * 4];
    int state = ((tag * 0x9e3779b1) ^ 0x5bd1e995) | 1;
    for (int i = 0; i < bytes.length; i += 4) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      bytes[i] = (byte) state;
      bytes[i + 1] = (byte) (state >>> 8);
      bytes[i + 2] = (byte) (state >>> 16);
      bytes[i + 3] = (byte) (state >>> 24);
    }
    return Arrays.copyOf(bytes, length);
  }
}
