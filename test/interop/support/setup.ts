// Before the first of the interop tests: Hadoop's jars, and once for all runs an archive of the classes that a cluster and its
// commands need. Without Java or Maven the tests say so; without an archive they take longer.
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { archivePath, jarsOrReason } from './java.ts';
import { MixedCluster } from './mixed-cluster.ts';
import { Resident } from './resident.ts';

/** What most tests do, so that its classes are loaded. */
async function useClasses(directory: string, archiveTo: string): Promise<void> {
  const apache = new Resident(directory, { archiveTo });
  try {
    const content = join(directory, 'content');
    writeFileSync(content, Buffer.alloc(100_000, 1));
    const makers = ['apache', 'apache'] as const;
    const cluster = await MixedCluster.start({ directory: join(directory, 'cluster'), apache, makers });
    try {
      for (const words of [
        `dfs -put ${content} /a`,
        `dfs -appendToFile ${content} /a`,
        'dfs -ls -R /',
        'dfs -cat /a',
        'dfs -checksum /a',
        'dfs -count -q /',
        'dfs -mv /a /b',
        'dfs -rm -r /b',
        'dfs -help',
        'dfsadmin -report',
        'dfsadmin -safemode get',
        'fsck / -files -blocks -locations',
      ]) {
        const [command = '', ...args] = words.split(' ');
        await apache.run(cluster.client, command, args);
      }
    } finally {
      await cluster.stop();
    }
  } finally {
    await apache.close();
  }
}

export default async function setup(): Promise<void> {
  if ('missing' in jarsOrReason('hdfs')) return;
  const archive = archivePath();
  if (existsSync(archive)) return;
  const fresh = `${archive}.${process.pid}`;
  const directory = mkdtempSync(join(tmpdir(), 'tuskfs-classes-'));
  try {
    await useClasses(directory, fresh);
    if (existsSync(fresh)) renameSync(fresh, archive);
    else console.warn('Java made no archive of its classes: each of the tests takes a little longer');
  } catch (error) {
    console.warn(`there is no archive of Java's classes: ${String(error)}`);
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(fresh, { force: true });
  }
}
