// If this failed, configuration files of a Hadoop installation would be misread, or a broken one would pass unseen.
import { expect, test } from 'vitest';
import type { HdfsError } from '../base/errors.ts';
import { type LoadHost, loadConfiguration } from './load.ts';
import { describeIdle, idleKeys } from './unknown-keys.ts';
import { decodeXml, formatConfigurationXml, MAX_XML_BYTES, parseConfigurationXml } from './xml.ts';

function host(files: Readonly<Record<string, string>>): LoadHost {
  const has = (path: string) => Object.hasOwn(files, path);
  const isDirectory = (path: string) => Object.keys(files).some((name) => name.startsWith(`${path.replace(/\/$/, '')}/`));
  const disk = {
    exists: async (path: string) => has(path) || isDirectory(path),
    stat: async (path: string) => ({ isDirectory: isDirectory(path), size: Buffer.byteLength(files[path] ?? '') }),
    readFile: async (path: string) => Buffer.from(files[path] ?? ''),
  };
  const machine = { env: () => undefined, userName: 'ann' };
  return { disk, machine } as unknown as LoadHost;
}

const wrap = (body: string) => `<?xml version="1.0"?>\n<configuration>${body}</configuration>`;
const property = (name: string, value: string, final = '') =>
  `<property><name>${name}</name><value>${value}</value>${final === '' ? '' : `<final>${final}</final>`}</property>`;

async function message(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: HdfsError) => `${error.code} ${error.message}`,
  );
}

test('later files win, except over final properties; the command line wins over both', async () => {
  const files = {
    '/c/core-site.xml': wrap(property('a', '1') + property('b', '1', 'true') + property(' c ', ' 1 ')),
    '/c/hdfs-site.xml': wrap(`${property('a', '2') + property('b', '2')}<property name="d" value="&amp;4" final="true"/>`),
    '/more.xml': wrap(property('a', '3')),
  };
  const plain = await loadConfiguration(host(files), { directory: '/c' });
  expect(['a', 'b', 'c', 'd'].map((name) => plain.get(name))).toEqual(['2', '1', '1', '&4']);
  expect(plain.property('a')?.source).toBe('/c/hdfs-site.xml');
  const more = await loadConfiguration(host(files), { directory: '/c/', files: ['/more.xml'], overrides: { b: '9' } });
  expect(['a', 'b'].map((name) => more.get(name))).toEqual(['3', '9']);
});

test('comments, CDATA and properties without a value are read as Hadoop reads them', () => {
  const items = parseConfigurationXml(
    wrap('<!-- x --><property><name>a</name><value><![CDATA[<1>]]>&lt;2</value></property><property><name>b</name></property>'),
    'f',
  );
  expect(items).toEqual([{ kind: 'property', name: 'a', value: '<1><2', final: false, line: 2 }]);
});

test('an empty value says nothing: what stands before it, or the default, stays', async () => {
  const files = {
    '/c/core-site.xml': wrap(property('a', '1') + property('b', '2')),
    '/c/hdfs-site.xml': wrap(`${property('a', '')}<property><name>b</name><value/></property>${property('dfs.blocksize', '')}`),
  };
  const configuration = await loadConfiguration(host(files), { directory: '/c' });
  expect(['a', 'b', 'dfs.blocksize'].map((name) => configuration.get(name))).toEqual(['1', '2', '134217728']);
});

test('files are read in the encoding that they name, and refused where they are not in it', () => {
  const declared = (encoding: string) => `<?xml version="1.0" encoding="${encoding}"?><configuration/>é`;
  const text = declared('utf-8');
  for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), Buffer.from(`\ufeff${text}`, 'utf16le')]) {
    expect(decodeXml(bytes, 'f')).toBe(text);
  }
  expect(decodeXml(Buffer.from(declared('ISO-8859-1'), 'latin1'), 'f')).toBe(declared('ISO-8859-1'));
  expect(() => decodeXml(Buffer.from(text, 'latin1'), 'f')).toThrow('f: not in utf-8; save it as UTF-8');
  expect(() => decodeXml(Buffer.from(declared('klingon')), 'f')).toThrow('f: klingon is no encoding that is known');
});

test('local files are included, others are refused', async () => {
  const xi = (href: string, inner = '') =>
    `<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${href}">${inner}</xi:include>`;
  const files = {
    '/c/core-site.xml': wrap(xi('inc/part.xml') + xi('none.xml', `<xi:fallback>${property('y', 'f')}</xi:fallback>`)),
    '/c/inc/part.xml': wrap(property('x', 'in')),
    '/d/core-site.xml': wrap(xi('http://example.com/x.xml')),
    '/e/core-site.xml': wrap(xi('core-site.xml')),
    '/f/core-site.xml': wrap(xi('gone.xml')),
    '/g/core-site.xml': wrap(xi('many.xml').repeat(40)),
    '/g/many.xml': wrap(xi('one.xml').repeat(40)),
    '/g/one.xml': wrap(property('x', 'in')),
  };
  const configuration = await loadConfiguration(host(files), { directory: '/c' });
  expect([configuration.get('x'), configuration.get('y')]).toEqual(['in', 'f']);
  expect(await message(loadConfiguration(host(files), { directory: '/d' }))).toContain('only local files may be included');
  expect(await message(loadConfiguration(host(files), { directory: '/e' }))).toContain('nested more than 8 deep');
  expect(await message(loadConfiguration(host(files), { directory: '/f' }))).toContain('gone.xml, which does not exist');
  expect(await message(loadConfiguration(host(files), { directory: '/g' }))).toContain('more than 500 files are included');
});

test('a broken or missing file is named', async () => {
  const files = {
    '/c/hdfs-site.xml': '<configuration>\n<property></configuration>',
    '/d/core-site.xml':
      '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "/etc/passwd">]><configuration>&e;</configuration>',
    '/e/core-site.xml': '<settings/>',
    '/f/core-site.xml': `<configuration>${' '.repeat(MAX_XML_BYTES)}</configuration>`,
  };
  expect(await message(loadConfiguration(host(files), { directory: '/c' }))).toMatch(/^EINVAL \/c\/hdfs-site\.xml: .*2:/);
  expect(await message(loadConfiguration(host(files), { directory: '/d' }))).toMatch(/^EINVAL \/d\/core-site\.xml: .*entity/);
  expect(await message(loadConfiguration(host(files), { directory: '/e' }))).toContain('not <configuration>');
  expect(await message(loadConfiguration(host(files), { directory: '/f' }))).toContain(`longer than ${MAX_XML_BYTES} bytes`);
  expect(await message(loadConfiguration(host(files), { directory: '/nope' }))).toContain('/nope does not exist');
  expect(await message(loadConfiguration(host(files), { files: ['/nope.xml'] }))).toContain('/nope.xml does not exist');
});

test('what is written is read back', () => {
  const properties = [
    ['a', '<&>"\''],
    ['b', ' '],
  ] as const;
  const items = parseConfigurationXml(formatConfigurationXml(properties), 'f');
  expect(items.map((item) => (item.kind === 'property' ? [item.name, item.value] : []))).toEqual(properties);
});

test('keys of HDFS in core-site.xml are under the defaults of HDFS, as Hadoop reads them, and named', async () => {
  const files = {
    '/c/core-site.xml': wrap(
      property('dfs.blocksize', '1048576') +
        property('dfs.replication', '2', 'true') +
        property('io.bytes.per.checksum', '1024') +
        property('dfs.namenode.handler.count', '7') +
        property('dfs.namenode.audit.log.debug.cmdlist', 'open') +
        property('fs.trash.interval', '5'),
    ),
    '/c/hdfs-site.xml': wrap(property('dfs.namenode.handler.count', '8')),
    '/more.xml': wrap(property('dfs.blocksize', '2097152')),
  };
  const configuration = await loadConfiguration(host(files), { directory: '/c' });
  const names = ['dfs.blocksize', 'dfs.replication', 'dfs.bytes-per-checksum', 'dfs.namenode.handler.count'];
  const empty = ['dfs.namenode.audit.log.debug.cmdlist', 'fs.trash.interval'];
  expect([...names, ...empty].map((name) => configuration.get(name))).toEqual(['134217728', '2', '512', '8', 'open', '5']);
  expect(idleKeys(configuration).map(describeIdle)).toEqual([
    'dfs.blocksize (/c/core-site.xml:2) has no effect: Hadoop reads the defaults of HDFS over core-site.xml; it belongs into hdfs-site.xml',
    'dfs.bytes-per-checksum (/c/core-site.xml:2) has no effect: Hadoop reads the defaults of HDFS over core-site.xml; it belongs into hdfs-site.xml',
  ]);
  const more = await loadConfiguration(host(files), { directory: '/c', files: ['/more.xml'] });
  expect(more.get('dfs.blocksize')).toBe('2097152');
});
