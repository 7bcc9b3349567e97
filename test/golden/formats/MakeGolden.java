// Drives a running Apache HDFS cluster through every kind of namespace operation, so that its edits and images hold
// each op code and each kind of inode. See README.md for the commands around it.
import java.net.URI;
import java.util.*;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.*;
import org.apache.hadoop.fs.permission.*;
import org.apache.hadoop.hdfs.*;
import org.apache.hadoop.hdfs.protocol.*;
import org.apache.hadoop.hdfs.client.*;
import org.apache.hadoop.io.erasurecode.ECSchema;

public class MakeGolden {
  static DistributedFileSystem dfs;

  static void write(String path, int bytes) throws Exception {
    try (FSDataOutputStream out = dfs.create(new Path(path), true, 4096, (short) 1, 1048576)) {
      byte[] b = new byte[bytes];
      new Random(path.hashCode()).nextBytes(b);
      out.write(b);
    }
  }

  @SuppressWarnings("deprecation")
  static void core() throws Exception {
    DFSClient client = dfs.getClient();
    dfs.mkdirs(new Path("/a/b/c"));
    dfs.mkdirs(new Path("/user/größe/日本語/😀smile"));
    write("/a/one", 10);
    write("/a/multi", 3 * 1048576 + 17);
    write("/a/empty", 0);
    write("/a/with space & <xml>", 100);
    dfs.setReplication(new Path("/a/one"), (short) 3);
    dfs.setPermission(new Path("/a/b"), new FsPermission((short) 01777));
    dfs.setOwner(new Path("/a/one"), "alice", "users");
    dfs.setOwner(new Path("/a/empty"), "bob", null);
    dfs.setOwner(new Path("/a/b/c"), null, "staff");
    dfs.setTimes(new Path("/a/one"), 1600000000000L, 1600000001000L);
    write("/a/old-name", 5);
    client.rename("/a/old-name", "/a/renamed-old");
    write("/a/r1", 5); write("/a/r2", 6);
    client.rename("/a/r1", "/a/r2", Options.Rename.OVERWRITE);
    client.rename("/a/r2", "/a/r3", Options.Rename.NONE);
    write("/a/gone", 9);
    dfs.delete(new Path("/a/gone"), false);
    write("/a/append", 1000);
    try (FSDataOutputStream out = dfs.append(new Path("/a/append"))) { out.write(new byte[500]); out.hflush(); }
    try (FSDataOutputStream out = dfs.append(new Path("/a/append"), EnumSet.of(CreateFlag.APPEND, CreateFlag.NEW_BLOCK), 4096, null)) { out.write(new byte[20]); }
    write("/a/truncate", 4000);
    dfs.truncate(new Path("/a/truncate"), 1000);
    Thread.sleep(4000);
    write("/a/tcut", 2 * 1048576);
    dfs.truncate(new Path("/a/tcut"), 1048576);
    write("/a/c0", 1048576); write("/a/c1", 1048576); write("/a/c2", 500);
    dfs.concat(new Path("/a/c0"), new Path[] { new Path("/a/c1"), new Path("/a/c2") });
    dfs.setQuota(new Path("/a"), 1000, 10L << 30);
    dfs.setQuota(new Path("/a/b"), 77, HdfsConstants.QUOTA_DONT_SET);
    dfs.setQuotaByStorageType(new Path("/a/b"), StorageType.SSD, 5L << 30);
    dfs.setQuotaByStorageType(new Path("/a/b"), StorageType.DISK, 6L << 30);
    dfs.mkdirs(new Path("/q"));
    dfs.setQuota(new Path("/q"), 5, 5);
    dfs.setQuota(new Path("/q"), HdfsConstants.QUOTA_RESET, HdfsConstants.QUOTA_RESET);
    dfs.setStoragePolicy(new Path("/a/b"), "COLD");
    dfs.setStoragePolicy(new Path("/a/one"), "ONE_SSD");
    dfs.setStoragePolicy(new Path("/q"), "WARM");
    dfs.unsetStoragePolicy(new Path("/q"));
    dfs.modifyAclEntries(new Path("/a/b"), AclEntry.parseAclSpec("user:alice:rwx,group:staff:r-x,default:user:bob:rw-,default:group:users:--x", true));
    dfs.setAcl(new Path("/a/one"), AclEntry.parseAclSpec("user::rw-,user:bob:r--,group::r--,other::---", true));
    dfs.mkdirs(new Path("/a/b/inherits"));
    write("/a/b/inherits-file", 0);
    dfs.removeAcl(new Path("/a/one"));
    dfs.setXAttr(new Path("/a/one"), "user.k1", new byte[] { 0, 1, (byte) 0xff });
    dfs.setXAttr(new Path("/a/one"), "user.k1", "v2".getBytes(), EnumSet.of(XAttrSetFlag.REPLACE));
    dfs.setXAttr(new Path("/a/one"), "trusted.näme", new byte[0]);
    dfs.setXAttr(new Path("/a/one"), "user.gone", "x".getBytes());
    dfs.removeXAttr(new Path("/a/one"), "user.gone");
    dfs.setXAttr(new Path("/"), "user.root", "r".getBytes());
    // Left open: under construction, with a synced length.
    FSDataOutputStream open = dfs.create(new Path("/a/open"), true, 4096, (short) 1, 1048576);
    open.write(new byte[1048576 + 100]);
    ((HdfsDataOutputStream) open).hsync(EnumSet.of(HdfsDataOutputStream.SyncFlag.UPDATE_LENGTH));
    FSDataOutputStream empty = dfs.create(new Path("/a/open-empty"), true, 4096, (short) 1, 1048576);
    // A second client takes a lease over: REASSIGN_LEASE.
    FSDataOutputStream taken = dfs.create(new Path("/a/taken"), true, 4096, (short) 1, 1048576);
    taken.write(new byte[300]);
    taken.hflush();
    dfs.recoverLease(new Path("/a/taken"));
    Thread.sleep(6000);
  }

  static void unbuilt() throws Exception {
    dfs.mkdirs(new Path("/snap"));
    write("/snap/f", 10);
    dfs.allowSnapshot(new Path("/snap"));
    dfs.createSnapshot(new Path("/snap"), "s1");
    write("/snap/g", 10);
    dfs.rename(new Path("/snap/f"), new Path("/moved"));
    dfs.renameSnapshot(new Path("/snap"), "s1", "s1b");
    dfs.createSnapshot(new Path("/snap"), "s2");
    dfs.deleteSnapshot(new Path("/snap"), "s2");
    dfs.mkdirs(new Path("/snap2"));
    dfs.allowSnapshot(new Path("/snap2"));
    dfs.disallowSnapshot(new Path("/snap2"));
    dfs.addCachePool(new CachePoolInfo("pool1").setOwnerName("alice").setGroupName("staff").setMode(new FsPermission((short) 0755)).setLimit(1000L));
    dfs.modifyCachePool(new CachePoolInfo("pool1").setLimit(2000L));
    dfs.addCachePool(new CachePoolInfo("pool2"));
    dfs.removeCachePool("pool2");
    long id = dfs.addCacheDirective(new CacheDirectiveInfo.Builder().setPath(new Path("/a/one")).setPool("pool1").build());
    dfs.modifyCacheDirective(new CacheDirectiveInfo.Builder().setId(id).setReplication((short) 2).build());
    long id2 = dfs.addCacheDirective(new CacheDirectiveInfo.Builder().setPath(new Path("/a/empty")).setPool("pool1").build());
    dfs.removeCacheDirective(id2);
    dfs.addErasureCodingPolicies(new ErasureCodingPolicy[] { new ErasureCodingPolicy(new ECSchema("rs", 4, 2), 65536) });
    dfs.enableErasureCodingPolicy("RS-4-2-64k");
    dfs.disableErasureCodingPolicy("RS-4-2-64k");
    dfs.removeErasureCodingPolicy("RS-4-2-64k");
    dfs.enableErasureCodingPolicy("XOR-2-1-1024k");
    dfs.mkdirs(new Path("/ec"));
    dfs.setErasureCodingPolicy(new Path("/ec"), "XOR-2-1-1024k");
    FSDataOutputStream striped = dfs.create(new Path("/ec/empty"));
    striped.close();
  }

  static void tokens() throws Exception {
    dfs.mkdirs(new Path("/t"));
    org.apache.hadoop.security.token.Token<?> token = dfs.getDelegationToken("root");
    if (token != null) { token.renew(dfs.getConf()); }
    org.apache.hadoop.security.token.Token<?> token2 = dfs.getDelegationToken("root");
    if (token2 != null) { token2.cancel(dfs.getConf()); }
  }

  static void rollingUpgrade() throws Exception {
    dfs.setSafeMode(SafeModeAction.ENTER);
    dfs.rollingUpgrade(HdfsConstants.RollingUpgradeAction.PREPARE);
    dfs.setSafeMode(SafeModeAction.LEAVE);
    dfs.rollingUpgrade(HdfsConstants.RollingUpgradeAction.FINALIZE);
  }

  static void save() throws Exception {
    dfs.setSafeMode(SafeModeAction.ENTER);
    dfs.saveNamespace();
    dfs.setSafeMode(SafeModeAction.LEAVE);
  }

  public static void main(String[] args) throws Exception {
    Configuration conf = new HdfsConfiguration();
    dfs = (DistributedFileSystem) FileSystem.get(conf);
    switch (args[0]) {
      case "core": core(); break;
      case "unbuilt": unbuilt(); rollingUpgrade(); break;
      case "tokens": tokens(); break;
      default: throw new IllegalArgumentException(args[0]);
    }
    dfs.rollEdits();
    save();
    System.out.println("done " + args[0]);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }
}
