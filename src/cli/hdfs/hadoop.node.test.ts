// If this failed, `hadoop` would do something else than its name says, refuse a command without a reason, or miss mistakes in
// configuration files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { nodeHost } from '../../host/node/index.ts';
import { testTerminal } from '../testing.ts';
import { HADOOP_COMMANDS } from './hadoop-commands.ts';
import { runHdfs } from './hdfs.ts';

const host = nodeHost({ logLevel: 'silent' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-hadoop-'));
const conf = join(directory, 'conf');
mkdirSync(conf);
writeFileSync(join(conf, 'core-site.xml'), '<configuration/>');
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function hadoop(...words: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const terminal = testTerminal(directory);
  const code = await runHdfs('hadoop', () => host, terminal, ['--config', conf, ...words]);
  return { code, stdout: terminal.stdout.take(), stderr: terminal.stderr.take() };
}

test('every command of Hadoop’s is shown, or refused with the reason', async () => {
  const help = await hadoop('--help');
  for (const [name, entry] of Object.entries(HADOOP_COMMANDS)) {
    if ('help' in entry) expect(help.stdout).toMatch(new RegExp(`^  ${name} +${entry.help}$`, 'm'));
    else expect(await hadoop(name)).toEqual({ code: 1, stdout: '', stderr: `hadoop ${name}: ${entry.refused}\n` });
  }
  expect((await hadoop('nonsense')).stderr).toContain('ERROR: nonsense is not COMMAND nor fully qualified CLASSNAME.');
});

test('what scripts ask for', async () => {
  expect((await hadoop('version')).stdout).toMatch(/^Hadoop 3\.5\.0\n/);
  expect(await hadoop('classpath')).toEqual({ code: 0, stdout: '\n', stderr: '' });
  expect(await hadoop('classpath', '--glob')).toEqual({ code: 0, stdout: '\n', stderr: '' });
  expect(await hadoop('classpath', 'word')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(await hadoop('classpath', '-glob')).toEqual({ code: 1, stdout: '', stderr: 'unrecognized option\n' });
  const noPath = '-jar option requires path of jar file to write\n';
  expect(await hadoop('classpath', '--jar')).toEqual({ code: 1, stdout: '', stderr: noPath });
  expect((await hadoop('classpath', '--jar', 'a.jar')).code).toBe(1);
  expect((await hadoop('classpath', '--help', 'x')).stdout).toContain('--glob');
  expect((await hadoop('envvars')).stdout).toContain(`HADOOP_CONF_DIR='${conf}'\n`);
  expect(await hadoop('jnipath')).toEqual({ code: 0, stdout: '\n', stderr: '' });
  expect(await hadoop('checknative', '-a')).toMatchObject({ code: 1, stdout: expect.stringContaining('hadoop:  false \n') });
  expect((await hadoop('checknative', '-x')).code).toBe(1);
  expect((await hadoop('fs', '-ls', `file://${directory}`)).stdout).toContain(`file://${conf}`);
  const old = await hadoop('getconf', '-confKey', 'dfs.replication');
  expect(old).toMatchObject({ code: 0, stdout: '3\n', stderr: expect.stringContaining('"hdfs getconf" instead') });
});

test('mistakes in configuration files are named with their lines', async () => {
  expect(await hadoop('conftest')).toEqual({ code: 0, stdout: `${conf}/core-site.xml: valid\nOK\n`, stderr: '' });
  const bad = join(directory, 'bad.xml');
  const properties = [
    '<property><name>a</name><value>1</value></property>',
    '<property><name>a</name><value/></property>',
    '<property><value>1</value></property>',
    '<property><name></name><value>1</value><value>2</value></property>',
    '<property name="b"/>',
    '<other/>',
  ];
  writeFileSync(bad, `<configuration>\n${properties.join('\n')}\n</configuration>\n`);
  expect(await hadoop('conftest', '-conffile', 'bad.xml')).toEqual({
    code: 1,
    stdout: '',
    stderr: [
      `${bad}:`,
      '\tLine 4: <property> has no <name>',
      '\tLine 5: <property> has an empty <name>',
      '\tLine 5: <property> has duplicated <value>s',
      '\tLine 6: <property> has no <value>',
      '\tLine 7: element not <property>',
      '\tLine 2, 3: duplicated <property>s for a',
      'Invalid file exists',
      '',
    ].join('\n'),
  });
  writeFileSync(bad, '<wrong/>');
  expect((await hadoop('conftest', '-conffile', bad)).stderr).toContain('top-level element not <configuration>');
  writeFileSync(bad, '<configuration>');
  expect((await hadoop('conftest', '-conffile', bad)).stderr).toContain('bad conf file: ');
  expect((await hadoop('conftest', '-conffile', 'none.xml')).stderr).toBe(
    `${directory}/none.xml is neither a file nor directory\n`,
  );
});

test('levels of a daemon’s log are asked for and set through its page', async () => {
  const asked: string[] = [];
  const server = await host.http.listen({ host: '127.0.0.1', port: 0 }, ({ path, query }) => {
    asked.push(`${path}?${query}`);
    return { status: 200, body: 'a page\n<!-- OUTPUT -->Effective Level: <b>INFO</b><br />\n' };
  });
  try {
    const address = `127.0.0.1:${server.address.port}`;
    const got = await hadoop('daemonlog', '-getlevel', address, 'x.Y');
    expect(got).toEqual({
      code: 0,
      stdout: `Connecting to http://${address}/logLevel?log=x.Y\nEffective Level: INFO\n`,
      stderr: '',
    });
    expect((await hadoop('daemonlog', '-setlevel', address, 'x.Y', 'DEBUG', '-protocol', 'http')).code).toBe(0);
    expect(asked.at(-1)).toContain('/logLevel?log=x.Y&level=DEBUG');
    expect((await hadoop('daemonlog', '-getlevel', address)).code).toBe(255);
  } finally {
    await server.close();
  }
});
