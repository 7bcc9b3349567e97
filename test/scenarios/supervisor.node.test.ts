// If this fails, what was acknowledged is lost or read wrongly while daemons die or stand still, connections break and disks
// fill up, fail or rot; or a cluster does not mend itself once they have come back. For longer runs and certain ones see
// supervisor-options.ts.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bundle } from './processes.ts';
import { cannotProxy } from './real-cluster.ts';
import { Supervisor } from './supervisor.ts';
import { optionsOf } from './supervisor-options.ts';

const { timeoutMs, ...options } = optionsOf({ rounds: 2 });
const reason = await cannotProxy();
const how = options.limitMs === undefined ? `${options.rounds} rounds` : `${options.limitMs / 60_000} minutes`;

test.skipIf(reason !== undefined)(
  `what was acknowledged is there, and all is mended, after ${how} of faults${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tuskfs-supervisor-'));
    const program = await bundle();
    try {
      const result = await new Supervisor({
        ...options,
        directory,
        dataNodes: 4,
        command: (role, conf) => {
          const words = ['--enable-source-maps', '--trace-warnings', program, '--config', conf];
          return role === 'nn'
            ? { file: process.execPath, args: [...words, 'namenode'], up: /NameNode is up/ }
            : { file: process.execPath, args: [...words, 'datanode'], up: /sent a full report/ };
        },
      }).run();
      console.log(JSON.stringify({ seed: options.seed, ...result }));
      expect(result.violations, `seed ${options.seed}`).toEqual([]);
      expect(result.rounds).toBe(options.limitMs === undefined ? options.rounds : result.faults.length);
      expect(result.acknowledged).toBeGreaterThan(result.rounds);
    } finally {
      rmSync(program, { force: true });
    }
  },
  timeoutMs,
);
