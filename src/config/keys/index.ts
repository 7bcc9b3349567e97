// Every key that tuskfs knows. A key that is read anywhere in the code is declared here exactly once; a test looks.
import type { Key, KeyTable } from '../key.ts';
import { AUTHORIZATION_KEYS } from './authorization.ts';
import { CLIENT_KEYS } from './client.ts';
import { COMMON_KEYS } from './common.ts';
import { DATANODE_KEYS } from './datanode.ts';
import {
  CACHING_KEYS,
  ENCRYPTION_ZONES_KEYS,
  ERASURE_CODING_KEYS,
  MMAP_KEYS,
  PROVIDED_KEYS,
  SHORT_CIRCUIT_KEYS,
  SNAPSHOTS_KEYS,
} from './features.ts';
import { HA_KEYS } from './ha.ts';
import { IPC_KEYS } from './ipc.ts';
import { BALANCER_KEYS, DISK_BALANCER_KEYS, MOVER_KEYS, SATISFIER_KEYS } from './moving.ts';
import { NAMENODE_KEYS } from './namenode.ts';
import { HTTPS_KEYS, SASL_KEYS, TOKENS_KEYS } from './protection.ts';
import { WEB_KEYS } from './web.ts';

/** As the reference page (CONFIGURATION.md) has them. */
export const KEY_GROUPS = {
  'Common to all': COMMON_KEYS,
  'Service authorization': AUTHORIZATION_KEYS,
  'Remote procedure calls': IPC_KEYS,
  NameNode: NAMENODE_KEYS,
  'Nameservices and several NameNodes': HA_KEYS,
  DataNode: DATANODE_KEYS,
  Client: CLIENT_KEYS,
  'Web servers': WEB_KEYS,
  Balancer: BALANCER_KEYS,
  Mover: MOVER_KEYS,
  'Disk balancer': DISK_BALANCER_KEYS,
  'Satisfier of storage policies': SATISFIER_KEYS,
  'Centralized caching': CACHING_KEYS,
  'Erasure coding': ERASURE_CODING_KEYS,
  Snapshots: SNAPSHOTS_KEYS,
  'Encryption zones': ENCRYPTION_ZONES_KEYS,
  'Provided storage': PROVIDED_KEYS,
  'Short-circuit reads': SHORT_CIRCUIT_KEYS,
  'Mapped reads': MMAP_KEYS,
  HTTPS: HTTPS_KEYS,
  Tokens: TOKENS_KEYS,
  SASL: SASL_KEYS,
} as const satisfies Readonly<Record<string, KeyTable>>;

export const KEYS = {
  ...COMMON_KEYS,
  ...AUTHORIZATION_KEYS,
  ...IPC_KEYS,
  ...NAMENODE_KEYS,
  ...HA_KEYS,
  ...DATANODE_KEYS,
  ...CLIENT_KEYS,
  ...WEB_KEYS,
  ...BALANCER_KEYS,
  ...MOVER_KEYS,
  ...DISK_BALANCER_KEYS,
  ...SATISFIER_KEYS,
  ...CACHING_KEYS,
  ...ERASURE_CODING_KEYS,
  ...SNAPSHOTS_KEYS,
  ...ENCRYPTION_ZONES_KEYS,
  ...PROVIDED_KEYS,
  ...SHORT_CIRCUIT_KEYS,
  ...MMAP_KEYS,
  ...HTTPS_KEYS,
  ...TOKENS_KEYS,
  ...SASL_KEYS,
};

export type KeyName = keyof typeof KEYS;

const byName: ReadonlyMap<string, Key> = new Map(Object.entries<Key>(KEYS satisfies KeyTable));
const currentNames = new Map<string, string>();
for (const [name, key] of byName) for (const old of key.deprecated ?? []) currentNames.set(old, name);

export function declaredKey(name: string): Key | undefined {
  return byName.get(name);
}

/** The name in use today of a key that an old configuration may still call otherwise. */
export function currentName(name: string): string {
  return currentNames.get(name) ?? name;
}

/** Keys of HDFS whose default stands in Hadoop's code, and not in hdfs-default.xml. */
const ONLY_IN_CODE: ReadonlySet<string> = new Set([
  'dfs.datanode.fsdataset.volume.choosing.policy',
  'dfs.datanode.min.supported.namenode.version',
  'dfs.datanode.non.local.lazy.persist',
  'dfs.datanode.ram.disk.replica.tracker',
  'dfs.datanode.synconclose',
  'dfs.ha.namenodes',
  'dfs.namenode.min.supported.datanode.version',
  'dfs.namenode.tolerate.heartbeat.multiplier',
]);

/** Keys that do not begin as those of HDFS do, and have their default in hdfs-default.xml all the same. */
const OF_OTHERS: ReadonlySet<string> = new Set(['datanode.https.port', 'httpfs.buffer.size']);

/** Whether hdfs-default.xml gives the key a value, which is then read over core-site.xml. One without text is none. */
export function hasDefaultOfHdfs(name: string): boolean {
  return (
    (name.startsWith('dfs.') || OF_OTHERS.has(name)) && !ONLY_IN_CODE.has(name) && (declaredKey(name)?.default ?? '') !== ''
  );
}
