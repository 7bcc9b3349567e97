// Keys of features that are not built, or that Node.js has no calls for. They are known, so that none is taken for misspelt.
import { bool, duration, float, int, type KeyTable, list, size, text } from '../key.ts';

export const CACHING_KEYS = {
  'dfs.cachereport.intervalMsec': duration('ms', '10000', 'Time between cache reports.'),
  'dfs.namenode.caching.enabled': bool('true', 'Whether blocks of cached paths are kept in the memory of DataNodes.'),
  'dfs.namenode.path.based.cache.block.map.allocation.percent': float(
    '0.25',
    'Per cent of the heap for the map of cached blocks.',
  ),
  'dfs.namenode.path.based.cache.refresh.interval.ms': duration(
    'ms',
    '30000',
    'How often the cached paths are looked through.',
  ),
  'dfs.namenode.path.based.cache.retry.interval.ms': duration('ms', '30000', 'When what is to be cached or not is told again.'),
  'dfs.namenode.list.cache.directives.num.responses': int('100', 'Directives in one answer.'),
  'dfs.namenode.list.cache.pools.num.responses': int('100', 'Pools in one answer.'),
  'dfs.namenode.crm.checklocktime.enable': bool('false', 'Whether the look through the cached paths lets others run.'),
  'dfs.namenode.crm.maxlocktime.ms': duration('ms', '1000', 'How long it may go on before it does.'),
  'dfs.namenode.crm.sleeptime.ms': duration('ms', '300', 'How long it then waits.'),
  'dfs.datanode.fsdatasetcache.max.threads.per.volume': int('4', 'Threads that load blocks of one volume into memory.'),
  'dfs.datanode.cache.revocation.timeout.ms': duration(
    'ms',
    '900000',
    'How long a reader may keep a block that is no longer to be cached.',
  ),
  'dfs.datanode.cache.revocation.polling.ms': duration('ms', '500', 'How often it is looked whether it still does.'),
  'dfs.datanode.pmem.cache.dirs': list(undefined, 'Directories of persistent memory that take cached blocks.'),
  'dfs.datanode.pmem.cache.recovery': bool('true', 'Whether what lies there is used again after a start.'),
  'dfs.client.read.use.cache.priority': bool('false', 'Whether a reader goes to cached replicas first.'),
} as const satisfies KeyTable;

export const ERASURE_CODING_KEYS = {
  'dfs.block.placement.ec.classname': text(
    'org.apache.hadoop.hdfs.server.blockmanagement.BlockPlacementPolicyRackFaultTolerant',
    'Where the blocks of striped files go.',
  ),
  'dfs.namenode.ec.userdefined.policy.allowed': bool('true', 'Whether policies may be added.'),
  'dfs.datanode.ec.reconstruction.stripedread.timeout.millis': duration(
    'ms',
    '5000',
    'Bound on one read for a reconstruction.',
  ),
  'dfs.datanode.ec.reconstruction.stripedread.buffer.size': int('65536', 'Bytes of one such read.'),
  'dfs.datanode.ec.reconstruction.threads': int('8', 'Reconstructions at once.'),
  'dfs.datanode.ec.reconstruction.xmits.weight': float('0.5', 'What one counts beside a plain copy.'),
  'dfs.datanode.ec.reconstruction.validation': bool('false', 'Whether what was reconstructed is checked.'),
  'dfs.datanode.ec.reconstruct.read.bandwidthPerSec': size('0', 'Bytes a second read for reconstructions; 0 means no bound.'),
  'dfs.datanode.ec.reconstruct.write.bandwidthPerSec': size(
    '0',
    'Bytes a second written by reconstructions; 0 means no bound.',
  ),
  'dfs.client.ec.write.failed.blocks.tolerated': int('-1', 'Blocks of a group that may fail while it is written.'),
  'dfs.client.read.striped.threadpool.size': int('18', 'Threads that read striped files.'),
  'dfs.checksum.ec.socket-timeout': int('3000', 'Milliseconds that the checksum of a block group may take.'),
  'io.erasurecode.codec.rs.rawcoders': list('rs_native,rs_java', 'Coders of Reed-Solomon, in order of preference.'),
  'io.erasurecode.codec.rs-legacy.rawcoders': list('rs-legacy_java', 'Coders of the older form of it.'),
  'io.erasurecode.codec.xor.rawcoders': list('xor_native,xor_java', 'Coders of XOR.'),
  'io.erasurecode.codec.native.enabled': bool('true', 'Whether native coders may be used.'),
} as const satisfies KeyTable;

export const SNAPSHOTS_KEYS = {
  'dfs.namenode.snapshot.max.limit': int('65536', 'Snapshots of one directory.'),
  'dfs.namenode.snapshot.filesystem.limit': int('65536', 'Snapshots in all.'),
  'dfs.namenode.snapshot.capture.openfiles': bool('false', 'Whether a snapshot keeps the length that an open file has.'),
  'dfs.namenode.snapshot.skip.capture.accesstime-only-change': bool(
    'false',
    'Whether a new access time alone makes no copy of an inode.',
  ),
  'dfs.namenode.snapshot.skiplist.max.levels': int('0', 'Levels of the lists of differences.'),
  'dfs.namenode.snapshot.skiplist.interval': int('10', 'Entries of a level for each of the next.'),
  'dfs.namenode.snapshotdiff.listing.limit': int('1000', 'Differences in one answer.'),
} as const satisfies KeyTable;

export const ENCRYPTION_ZONES_KEYS = {
  'dfs.namenode.list.encryption.zones.num.responses': int('100', 'Zones in one answer.'),
  'dfs.namenode.list.reencryption.status.num.responses': int('100', 'States of re-encryption in one answer.'),
  'dfs.namenode.edekcacheloader.interval.ms': int('1000', 'Milliseconds between two tries to fetch keys of zones ahead.'),
  'dfs.namenode.edekcacheloader.initial.delay.ms': int('3000', 'Milliseconds before the first.'),
  'dfs.namenode.edekcacheloader.max-retries': int('10', 'Tries of it.'),
  'dfs.namenode.reencrypt.sleep.interval': duration('ms', '1m', 'Pause between two looks for zones to re-encrypt.'),
  'dfs.namenode.reencrypt.batch.size': int('1000', 'Files that are re-encrypted together.'),
  'dfs.namenode.reencrypt.throttle.limit.handler.ratio': float(
    '1.0',
    'Part of the time for which the work may hold the lock for reading.',
  ),
  'dfs.namenode.reencrypt.throttle.limit.updater.ratio': float(
    '1.0',
    'Part of the time for which it may hold the lock for writing.',
  ),
  'dfs.namenode.reencrypt.edek.threads': int('10', 'Threads that ask for new keys.'),
  'hadoop.security.crypto.cipher.suite': text('AES/CTR/NoPadding', 'Cipher of files in a zone.'),
  'hadoop.security.crypto.buffer.size': int('8192', 'Bytes that are encrypted at once.'),
  'hadoop.security.crypto.codec.classes.aes.ctr.nopadding': list(
    'org.apache.hadoop.crypto.OpensslAesCtrCryptoCodec, org.apache.hadoop.crypto.JceAesCtrCryptoCodec',
    'Java classes that encrypt by AES.',
  ),
  'hadoop.security.crypto.codec.classes.sm4.ctr.nopadding': list(
    'org.apache.hadoop.crypto.OpensslSm4CtrCryptoCodec, org.apache.hadoop.crypto.JceSm4CtrCryptoCodec',
    'Java classes that encrypt by SM4.',
  ),
  'hadoop.security.crypto.jce.provider': text(undefined, "Provider of Java's ciphers."),
  'hadoop.security.crypto.jce.provider.auto-add': bool('true', 'Whether it is added where it is missing.'),
  'hadoop.security.openssl.engine.id': text(undefined, 'Engine of OpenSSL that encrypts.'),
  'hadoop.security.java.secure.random.algorithm': text('SHA1PRNG', "Java's source of random numbers."),
  'hadoop.security.secure.random.impl': text(
    'org.apache.hadoop.crypto.random.OpensslSecureRandom',
    'Java class that gives random numbers.',
  ),
  'hadoop.security.random.device.file.path': text('/dev/urandom', 'Device that gives random numbers.'),
} as const satisfies KeyTable;

export const PROVIDED_KEYS = {
  'dfs.namenode.provided.enabled': bool('false', 'Whether blocks may lie in another store.'),
  'dfs.provided.storage.id': text('DS-PROVIDED', 'Id of that store.'),
  'dfs.provided.aliasmap.class': text(
    'org.apache.hadoop.hdfs.server.common.blockaliasmap.impl.TextFileRegionAliasMap',
    'Java class of the map from blocks to places in it.',
  ),
  'dfs.provided.aliasmap.load.retries': int('0', 'Tries to load the map.'),
  'dfs.provided.aliasmap.inmemory.enabled': bool('false', 'Whether the NameNode serves the map.'),
  'dfs.provided.aliasmap.inmemory.batch-size': int('500', 'Entries of the map in one answer.'),
  'dfs.provided.aliasmap.inmemory.dnrpc-address': text(undefined, 'Address at which it is served.'),
  'dfs.provided.aliasmap.inmemory.rpc.bind-host': text(undefined, 'Local address that this listens on instead.'),
  'dfs.provided.aliasmap.inmemory.leveldb.dir': text('/tmp', 'Directory of the map.'),
  'dfs.provided.aliasmap.inmemory.server.log': bool('false', 'Whether its calls are logged.'),
  'dfs.provided.aliasmap.leveldb.path': text(undefined, 'Directory of a map that is read by itself.'),
  'dfs.provided.aliasmap.text.delimiter': text(',', 'What parts the fields of a map that is text.'),
  'dfs.provided.aliasmap.text.read.file': text(undefined, 'File of such a map.'),
  'dfs.provided.aliasmap.text.codec': text(undefined, 'How that file is compressed.'),
  'dfs.provided.aliasmap.text.write.dir': text(undefined, 'Directory into which such a map is written.'),
  'dfs.provided.acls.import.enabled': bool('false', 'Whether ACLs of the other store are taken over.'),
  'dfs.datanode.fsdataset.factory': text(undefined, 'Java class of what keeps blocks.'),
} as const satisfies KeyTable;

export const SHORT_CIRCUIT_KEYS = {
  'dfs.client.read.shortcircuit': bool('false', 'Whether blocks of the same machine are read from its disk.'),
  'dfs.client.read.shortcircuit.skip.checksum': bool('false', 'Whether they are read without verifying.'),
  'dfs.client.read.shortcircuit.buffer.size': int('1048576', 'Bytes of a buffer for them.'),
  'dfs.client.read.shortcircuit.streams.cache.size': int('256', 'Open files that are kept for them.'),
  'dfs.client.read.shortcircuit.streams.cache.expiry.ms': duration('ms', '300000', 'How long those are kept.'),
  'dfs.client.short.circuit.num': int('1', 'Caches of such files.'),
  'dfs.client.short.circuit.replica.stale.threshold.ms': duration(
    'ms',
    '1800000',
    'How old a file may be without shared memory.',
  ),
  'dfs.client.read.short.circuit.replica.stale.threshold.ms': duration('ms', '1800000', 'The same under an older name.'),
  'dfs.client.use.legacy.blockreader.local': bool('false', 'Whether the older way of doing it is taken.'),
  'dfs.block.local-path-access.user': list(undefined, 'Who may ask for the path of a block, in the older way.'),
  'dfs.client.domain.socket.data.traffic': bool('false', 'Whether other data go over the UNIX domain socket, too.'),
  'dfs.domain.socket.path': text(undefined, 'Path of that socket.'),
  'dfs.domain.socket.disable.interval.seconds': duration('s', '600', 'How long a socket that failed is left alone.'),
  'dfs.datanode.shared.file.descriptor.paths': list('/dev/shm,/tmp', 'Where files of shared memory are made.'),
  'dfs.short.circuit.shared.memory.watcher.interrupt.check.ms': duration(
    'ms',
    '60000',
    'How often their watcher looks whether it is to end.',
  ),
} as const satisfies KeyTable;

export const MMAP_KEYS = {
  'dfs.client.mmap.enabled': bool('true', "Whether Hadoop's client maps local blocks."),
  'dfs.client.mmap.cache.size': int('256', 'Mapped blocks that are kept.'),
  'dfs.client.mmap.cache.timeout.ms': duration('ms', '3600000', 'How long those are kept.'),
  'dfs.client.mmap.retry.timeout.ms': duration('ms', '300000', 'How long a block that could not be mapped is left alone.'),
} as const satisfies KeyTable;
