// If this failed, a cluster with long heartbeats would take healthy DataNodes for stale between two of them.
import { expect, test } from 'vitest';
import { Configuration } from '../../config/configuration.ts';
import { refusal } from '../../core/namespace/testing.ts';
import { staleIntervalMs } from './settings.ts';

test('a node is stale after three heartbeats at the earliest, or as many as are asked for', () => {
  const lines: string[] = [];
  const log = { log: (_level: string, _component: string, message: string) => lines.push(message) };
  const interval = (keys: Readonly<Record<string, string>>): number => staleIntervalMs(Configuration.of(keys), log);
  expect(interval({})).toBe(30_000);
  expect(interval({ 'dfs.namenode.stale.datanode.interval': '9000' })).toBe(9000);
  expect(lines).toEqual([]);
  expect(interval({ 'dfs.namenode.stale.datanode.interval': '8999' })).toBe(9000);
  expect(interval({ 'dfs.heartbeat.interval': '20s' })).toBe(60_000);
  expect(interval({ 'dfs.heartbeat.interval': '20s', 'dfs.namenode.stale.datanode.minimum.interval': '1' })).toBe(30_000);
  expect(lines).toEqual([
    'dfs.namenode.stale.datanode.interval is 8999 ms, less than 3 heartbeats: 9000 ms are taken',
    'dfs.namenode.stale.datanode.interval is 30000 ms, less than 3 heartbeats: 60000 ms are taken',
  ]);
  expect(refusal(() => interval({ 'dfs.namenode.stale.datanode.interval': '0' }))).toEqual([
    'EILLEGAL',
    "dfs.namenode.stale.datanode.interval = '0' is invalid. It should be a positive non-zero value.",
  ]);
});
