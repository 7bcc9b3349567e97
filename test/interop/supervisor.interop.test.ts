// If this fails, what Apache's Java client and ours were acknowledged is lost or read wrongly in a cluster of our daemons and
// Apache's DataNodes while they die or stand still, connections break and disks fill up, fail or rot. The same options as
// test/scenarios/supervisor.node.test.ts.
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, test } from 'vitest';
import { cannotProxy } from '../scenarios/real-cluster.ts';
import { Supervisor } from '../scenarios/supervisor.ts';
import { optionsOf } from '../scenarios/supervisor-options.ts';
import { describeWithApache, ROOT } from './apache.ts';
import { javaWords } from './support/java.ts';
import { JavaWriter } from './support/java-writer.ts';

/** Of four DataNodes; the first two have the disks that can be filled and frozen. */
const APACHE = new Set(['dn3', 'dn4']);
const reason = await cannotProxy();

describeWithApache('clients and DataNodes of both', () => {
  const { timeoutMs, ...options } = optionsOf({ rounds: 2 });

  test.skipIf(reason !== undefined)(
    `keep what was acknowledged through ${options.rounds} rounds of faults${reason === undefined ? '' : ` (${reason})`}`,
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'tuskfs-supervisor-'));
      let java: JavaWriter | undefined;
      const result = await new Supervisor({
        ...options,
        directory,
        dataNodes: 4,
        command: (role, conf) => {
          const command = role === 'nn' ? 'namenode' : 'datanode';
          if (APACHE.has(role)) {
            const words = javaWords(command, { conf, options: ['-Xmx256m', '-Dtuskfs.datanode.level=INFO'] });
            return { file: 'java', args: words, up: /Successfully sent block report/ };
          }
          const up = role === 'nn' ? /NameNode is up/ : /sent a full report/;
          return { file: execPath, args: [join(ROOT, 'bin/hdfs'), '--config', conf, command], up };
        },
        foreign: (cluster) => {
          java = new JavaWriter(cluster.clientConf, options.seed, directory);
          return Promise.resolve(java);
        },
      }).run();
      console.log(JSON.stringify({ seed: options.seed, ...result, javaReads: java?.reads }));
      expect(result.violations, `seed ${options.seed}`).toEqual([]);
      expect(java?.ledger.acknowledged).toBeGreaterThan(result.rounds);
      expect(result.acknowledged).toBeGreaterThan(java?.ledger.acknowledged ?? 0);
    },
    timeoutMs,
  );
});
