// Every key that tuskfs knows. A key that is read anywhere in the code is declared here exactly once; a test looks.
import type { Key, KeyTable } from '../key.ts';
import { AUTHORIZATION_KEYS } from './authorization.ts';
import { CLIENT_KEYS } from './client.ts';
import { COMMON_KEYS } from './common.ts';
import { DATANODE_KEYS } from './datanode.ts';
import { HA_KEYS } from './ha.ts';
import { IPC_KEYS } from './ipc.ts';
import { NAMENODE_KEYS } from './namenode.ts';
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

/** Whether hdfs-default.xml gives the key a value, which is then read over core-site.xml. One without text is none. */
export function hasDefaultOfHdfs(name: string): boolean {
  return name.startsWith('dfs.') && !ONLY_IN_CODE.has(name) && (declaredKey(name)?.default ?? '') !== '';
}
