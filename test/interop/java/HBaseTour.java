// An HBase of one JVM (ZooKeeper, master and one region server) whose tables and write-ahead logs are in the HDFS of the first argument.
// Makes a table, flushes and compacts it, ends the region server before its last rows are flushed, starts all again, and prints
// what the table holds.   java -cp "JARS/*" HBaseTour.java hdfs://HOST:PORT LOCAL_DIRECTORY
import java.io.File;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocatedFileStatus;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RemoteIterator;
import org.apache.hadoop.hbase.HBaseConfiguration;
import org.apache.hadoop.hbase.LocalHBaseCluster;
import org.apache.hadoop.hbase.TableName;
import org.apache.hadoop.hbase.client.Admin;
import org.apache.hadoop.hbase.client.ColumnFamilyDescriptorBuilder;
import org.apache.hadoop.hbase.client.Connection;
import org.apache.hadoop.hbase.client.ConnectionFactory;
import org.apache.hadoop.hbase.client.Delete;
import org.apache.hadoop.hbase.client.Put;
import org.apache.hadoop.hbase.client.Result;
import org.apache.hadoop.hbase.client.ResultScanner;
import org.apache.hadoop.hbase.client.Scan;
import org.apache.hadoop.hbase.client.Table;
import org.apache.hadoop.hbase.client.TableDescriptorBuilder;
import org.apache.hadoop.hbase.regionserver.HRegion;
import org.apache.hadoop.hbase.util.Bytes;
import org.apache.hadoop.hbase.zookeeper.MiniZooKeeperCluster;
import org.apache.hadoop.metrics2.lib.DefaultMetricsSystem;

public final class HBaseTour {
  private static final TableName NAME = TableName.valueOf("tour");
  private static final byte[] FAMILY = Bytes.toBytes("f");
  private static final byte[] COLUMN = Bytes.toBytes("c");
  private static final long LIMIT_MS = 120_000;

  public static void main(String[] args) throws Exception {
    // The servers that come second have metrics of the same names.
    DefaultMetricsSystem.setMiniClusterMode(true);
    File local = new File(args[1]);
    Configuration conf = HBaseConfiguration.create();
    conf.set("fs.defaultFS", args[0]);
    conf.set("hbase.rootdir", args[0] + "/hbase");
    conf.set("hbase.tmp.dir", local.getPath());
    conf.set("hbase.zookeeper.quorum", "127.0.0.1");
    for (String who : List.of("master", "regionserver")) {
      conf.set("hbase." + who + ".hostname", "localhost");
      conf.setInt("hbase." + who + ".port", 0);
      conf.setInt("hbase." + who + ".info.port", -1);
    }
    conf.setInt("dfs.replication", 1);
    conf.setInt("hbase.regionserver.handler.count", 5);
    MiniZooKeeperCluster keeper = new MiniZooKeeperCluster(conf);
    conf.setInt("hbase.zookeeper.property.clientPort", keeper.startup(new File(local, "zookeeper")));

    LocalHBaseCluster cluster = start(conf);
    try (Connection connection = ConnectionFactory.createConnection(conf); Admin admin = connection.getAdmin();
        Table table = connection.getTable(NAME)) {
      await("the master", () -> admin.getClusterMetrics().getLiveServerMetrics().size() >= 1);
      admin.createTable(TableDescriptorBuilder.newBuilder(NAME)
          .setColumnFamily(ColumnFamilyDescriptorBuilder.of(FAMILY)).build());
      for (int part = 0; part < 3; part++) {
        put(table, part * 1000, 1000);
        admin.flush(NAME);
      }
      List<Delete> deletes = new ArrayList<>();
      for (int row = 0; row < 3000; row += 3) deletes.add(new Delete(key(row)));
      table.delete(deletes);
      admin.flush(NAME);
      System.out.println("flushed " + storeFiles(cluster) + " files, " + held(table));
      admin.majorCompact(NAME);
      await("compaction", () -> storeFiles(cluster) == 1);
      System.out.println("compacted " + storeFiles(cluster) + " files, " + held(table));
      // These are in the write-ahead log alone.
      put(table, 5000, 500);
    }
    // Nobody gets the time to flush, or to close a log.
    cluster.getRegionServers().get(0).getRegionServer().abort("ended by the tour");
    cluster.getActiveMaster().abort("ended by the tour");
    cluster.join();

    LocalHBaseCluster again = start(conf);
    try (Connection connection = ConnectionFactory.createConnection(conf); Admin admin = connection.getAdmin();
        Table table = connection.getTable(NAME)) {
      await("the table", () -> admin.isTableAvailable(NAME));
      System.out.println("started again: " + held(table));
      admin.disableTable(NAME);
      admin.deleteTable(NAME);
    }
    again.shutdown();
    again.join();
    keeper.shutdown();
    FileSystem files = FileSystem.get(conf);
    long left = 0;
    RemoteIterator<LocatedFileStatus> all = files.listFiles(new Path("/hbase/data/default"), true);
    while (all.hasNext()) if (all.next().getPath().getName().length() == 32) left++;
    System.out.println("files of the table that are left: " + left);
    Runtime.getRuntime().halt(0);
  }

  private static LocalHBaseCluster start(Configuration conf) throws Exception {
    LocalHBaseCluster cluster = new LocalHBaseCluster(conf, 1, 1);
    cluster.startup();
    await("the start", () -> cluster.getActiveMaster() != null && cluster.getActiveMaster().isInitialized());
    return cluster;
  }

  private static void await(String what, Callable<Boolean> isSo) throws Exception {
    Exception last = null;
    for (long end = System.currentTimeMillis() + LIMIT_MS; System.currentTimeMillis() < end; Thread.sleep(100)) {
      try {
        if (isSo.call()) return;
        last = null;
      } catch (java.io.IOException e) {
        last = e;
      }
    }
    throw new IllegalStateException(what + " did not come in time", last);
  }

  private static byte[] key(int row) {
    return Bytes.toBytes(String.format("%08d", row));
  }

  private static void put(Table table, int first, int count) throws Exception {
    List<Put> puts = new ArrayList<>();
    for (int row = first; row < first + count; row++) {
      puts.add(new Put(key(row)).addColumn(FAMILY, COLUMN, Bytes.toBytes("value " + row + " " + "x".repeat(row % 500))));
    }
    table.put(puts);
  }

  private static int storeFiles(LocalHBaseCluster cluster) {
    return cluster.getRegionServers().get(0).getRegionServer().getRegions(NAME).stream()
        .mapToInt(region -> ((HRegion) region).getStore(FAMILY).getStorefilesCount()).sum();
  }

  private static String held(Table table) throws Exception {
    int rows = 0;
    CRC32 sum = new CRC32();
    try (ResultScanner scanner = table.getScanner(new Scan())) {
      for (Result result : scanner) {
        rows++;
        sum.update(result.getRow());
        sum.update(result.getValue(FAMILY, COLUMN));
      }
    }
    return rows + " rows, sum " + Long.toHexString(sum.getValue());
  }
}
