// Threads that share one client of Apache's and do what nnload's `mixed` does, in the same parts of a thousand (after the trace
// of HopsFS, FAST '17): getBlockLocations 697, getFileInfo 172, getListing of 100 entries 91, create and close 14, rename 13,
// delete 8, setPermission 4, mkdirs 1. Prints one line of JSON. Arguments: threads, seconds, seconds of warming up, files.
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DFSClient;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.protocol.HdfsFileStatus;

public class MixedLoad {
  static final int ENTRIES = 100;
  static final String ROOT = "/mixed";

  static String file(int i) {
    return ROOT + "/d" + i / ENTRIES + "/f" + i % ENTRIES;
  }

  /** What one thread does; it alone changes what lies in its directory. */
  static class Worker {
    final DistributedFileSystem fs;
    final DFSClient client;
    final String own;
    final int files;
    final SplittableRandom random;
    final ArrayDeque<String> made = new ArrayDeque<>();
    int names = 0;

    Worker(DistributedFileSystem fs, int number, int files) throws Exception {
      this.fs = fs;
      this.client = fs.getClient();
      this.own = ROOT + "/own" + number;
      this.files = files;
      this.random = new SplittableRandom(number);
      fs.mkdirs(new Path(own));
      for (int i = 0; i < 8; i++) create();
    }

    void create() throws Exception {
      String path = own + "/n" + names++;
      fs.create(new Path(path), true).close();
      made.addLast(path);
    }

    void one() throws Exception {
      int drawn = random.nextInt(1000);
      int some = random.nextInt(files);
      if (drawn < 697) {
        client.getLocatedBlocks(file(some), 0, Long.MAX_VALUE);
      } else if (drawn < 869) {
        if (client.getFileInfo(file(some)) == null) throw new IllegalStateException(file(some) + " is not there");
      } else if (drawn < 960) {
        int seen = client.listPaths(ROOT + "/d" + some / ENTRIES, HdfsFileStatus.EMPTY_NAME).getPartialListing().length;
        if (seen != ENTRIES) throw new IllegalStateException(seen + " entries, and not " + ENTRIES);
      } else if (drawn < 974) {
        create();
      } else if (drawn < 987) {
        String from = made.removeFirst();
        String to = own + "/n" + names++;
        if (!fs.rename(new Path(from), new Path(to))) throw new IllegalStateException(from + " is not renamed");
        made.addLast(to);
      } else if (drawn < 995) {
        if (made.size() < 2) create();
        if (!fs.delete(new Path(made.removeFirst()), false)) throw new IllegalStateException("nothing is deleted");
      } else if (drawn < 999) {
        fs.setPermission(new Path(file(some)), new FsPermission((short) 0644));
      } else {
        fs.mkdirs(new Path(own + "/m" + names++));
      }
    }
  }

  static void prepare(DistributedFileSystem fs, int files, int threads) throws Exception {
    if (fs.exists(new Path(file(files - 1)))) return;
    AtomicInteger next = new AtomicInteger();
    each(threads, number -> {
      for (int i; (i = next.getAndIncrement()) < files;) fs.create(new Path(file(i)), true).close();
    });
  }

  interface Task {
    void run(int number) throws Exception;
  }

  static void each(int threads, Task task) throws Exception {
    Throwable[] failure = new Throwable[1];
    Thread[] all = new Thread[threads];
    for (int i = 0; i < threads; i++) {
      int number = i;
      all[i] = new Thread(() -> {
        try {
          task.run(number);
        } catch (Throwable error) {
          failure[0] = error;
        }
      });
      all[i].start();
    }
    for (Thread thread : all) thread.join();
    if (failure[0] != null) throw new Exception(failure[0]);
  }

  public static void main(String[] args) throws Exception {
    int threads = Integer.parseInt(args[0]);
    long nanos = (long) (Double.parseDouble(args[1]) * 1e9);
    long warmup = (long) (Double.parseDouble(args[2]) * 1e9);
    int files = Integer.parseInt(args[3]);
    try (FileSystem opened = FileSystem.get(new Configuration())) {
      DistributedFileSystem fs = (DistributedFileSystem) opened;
      // What an earlier run made is in nobody's way.
      for (int i = 0; i < threads; i++) fs.delete(new Path(ROOT + "/own" + i), true);
      prepare(fs, files, threads);
      int[][] latencies = new int[threads][];
      CyclicBarrier begin = new CyclicBarrier(threads, () -> System.out.println("BEGIN"));
      CyclicBarrier end = new CyclicBarrier(threads, () -> System.out.println("END"));
      long[] took = new long[threads];
      each(threads, number -> {
        Worker worker = new Worker(fs, number, files);
        for (long until = System.nanoTime() + warmup; System.nanoTime() < until;) worker.one();
        begin.await();
        int[] own = new int[1 << 16];
        int count = 0;
        long start = System.nanoTime();
        long before = start;
        while (before - start < nanos) {
          worker.one();
          long now = System.nanoTime();
          if (count == own.length) own = Arrays.copyOf(own, 2 * count);
          own[count++] = (int) Math.min(Integer.MAX_VALUE, now - before);
          before = now;
        }
        took[number] = before - start;
        latencies[number] = Arrays.copyOf(own, count);
        end.await();
      });
      int[] all = Arrays.stream(latencies).flatMapToInt(Arrays::stream).sorted().toArray();
      double seconds = Arrays.stream(took).average().getAsDouble() / 1e9;
      System.out.printf("{\"ops\":%d,\"ops_s\":%.1f,\"p50\":%.1f,\"p99\":%.1f}%n", all.length, all.length / seconds,
          all[all.length / 2] / 1e3, all[(int) (all.length * 0.99)] / 1e3);
    }
  }
}
