// Writes COMPATIBILITY.md from the tables in src/wire/tables and those of the commands, and CONFIGURATION.md from the
// declared keys. With --check it writes nothing and fails when a page is out of date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = join(fileURLToPath(import.meta.url), '../..');

const bundle = await build({
  absWorkingDir: root,
  stdin: {
    contents: `export { SERVICES } from './src/wire/tables/services.ts';
      export { EDIT_OPS } from './src/wire/tables/edits.ts';
      export { TRANSFER_OPS } from './src/wire/tables/transfer.ts';
      export { WEBHDFS_OPS_BY_METHOD, WEBHDFS_OPS } from './src/wire/tables/webhdfs.ts';
      export { PARTLY_BUILT } from './src/wire/tables/partly-built.ts';
      export { RPC_DIFFERENCES } from './src/wire/tables/rpc-differences.ts';
      export { HTTP_DIFFERENCES } from './src/wire/tables/http-differences.ts';
      export { HDFS_COMMANDS } from './src/cli/hdfs/commands.ts';
      export { COMMAND_DIFFERENCES } from './src/cli/hdfs/command-differences.ts';
      export { HADOOP_COMMANDS } from './src/cli/hdfs/hadoop-commands.ts';
      export { VERBS } from './src/cli/shell/commands/index.ts';
      export { KEY_GROUPS, KEYS } from './src/config/keys/index.ts';
      export { WITHOUT_EFFECT } from './src/config/keys/without-effect.ts';`,
    resolveDir: root,
    loader: 'ts',
  },
  bundle: true,
  write: false,
  format: 'esm',
  platform: 'node',
  logLevel: 'error',
});
const code = Buffer.from(bundle.outputFiles[0].text).toString('base64');
const {
  SERVICES,
  EDIT_OPS,
  TRANSFER_OPS,
  WEBHDFS_OPS_BY_METHOD,
  WEBHDFS_OPS,
  HTTP_DIFFERENCES,
  RPC_DIFFERENCES,
  PARTLY_BUILT,
  HDFS_COMMANDS,
  COMMAND_DIFFERENCES,
  HADOOP_COMMANDS,
  VERBS,
  KEY_GROUPS,
  KEYS,
  WITHOUT_EFFECT,
} = await import(`data:text/javascript;base64,${code}`);

/** Names that are built, then the refused ones gathered by reason. */
function section(table, heading = 'Refused') {
  const names = Object.keys(table);
  const built = names.filter((name) => table[name] === true);
  const byReason = new Map();
  for (const name of names) {
    if (table[name] === true) continue;
    const { refused } = table[name];
    byReason.set(refused, [...(byReason.get(refused) ?? []), name]);
  }
  const lines = [];
  if (built.length > 0) lines.push(`Built: ${built.map((name) => `\`${name}\``).join(' ')}`, '');
  if (byReason.size > 0) {
    lines.push(`| ${heading} | Why |`, '|---|---|');
    for (const [reason, refusedNames] of byReason) {
      lines.push(`| ${refusedNames.map((name) => `\`${name}\``).join(' ')} | ${reason} |`);
    }
    lines.push('');
  }
  return lines;
}

const count = (tables) => {
  const entries = tables.flatMap((table) => Object.values(table));
  return `${entries.filter((entry) => entry === true).length} of ${entries.length}`;
};

/** A table whose entries say more of what is built than that it is. */
const plain = (table) =>
  Object.fromEntries(Object.entries(table).map(([name, entry]) => [name, 'refused' in entry ? entry : true]));
const commands = plain(HDFS_COMMANDS);
const hadoopCommands = plain(HADOOP_COMMANDS);
const verbs = plain(VERBS);
const services = Object.entries(SERVICES);
const webhdfs = Object.fromEntries(
  Object.entries(WEBHDFS_OPS_BY_METHOD).flatMap(([method, ops]) => ops.map((op) => [`${method} ${op}`, WEBHDFS_OPS[op]])),
);
const differing = Object.entries(KEYS).filter(([, key]) => key.differs !== undefined);
const idle = Object.keys(KEYS).filter((name) => name in WITHOUT_EFFECT);
const text = [
  '# Compatibility with Apache Hadoop 3.5.0',
  '',
  'Made by `npm run compatibility` from `src/wire/tables` and the tables of the commands; a test keeps it up to date. Everything Hadoop has stands here',
  'once: built, or refused with the reason that a caller is told. A refused method answers RpcNoSuchMethodException, a',
  'refused transfer operation an error status; a refused edit operation stops the start and is named.',
  '',
  '| | Built |',
  '|---|---|',
  `| RPC methods | ${count(services.map(([, { methods }]) => methods))} |`,
  `| Data transfer operations | ${count([TRANSFER_OPS])} |`,
  `| Edit log operations | ${count([EDIT_OPS])} |`,
  `| WebHDFS operations | ${count([webhdfs])} |`,
  `| Commands of \`hdfs\` | ${count([commands])} |`,
  `| Commands of \`hadoop\` | ${count([hadoopCommands])} |`,
  `| Verbs of \`hdfs dfs\` | ${count([verbs])} |`,
  `| Configuration keys | ${Object.keys(KEYS).length - idle.length} of ${Object.keys(KEYS).length} that are known |`,
  '',
  ...services.flatMap(([name, { server, methods }]) => [`## ${name} (${server})`, '', ...section(methods)]),
  '## Answered otherwise over RPC',
  '',
  '| What | Why |',
  '|---|---|',
  ...RPC_DIFFERENCES.map(({ what, why }) => `| ${what} | ${why} |`),
  '',
  '## Data transfer operations',
  '',
  ...section(TRANSFER_OPS),
  '## Edit log operations',
  '',
  ...section(EDIT_OPS),
  '## WebHDFS operations',
  '',
  ...section(webhdfs),
  '### Answered otherwise over HTTP',
  '',
  '| What | Why |',
  '|---|---|',
  ...HTTP_DIFFERENCES.map(({ what, why }) => `| ${what} | ${why} |`),
  '',
  '## Built in part',
  '',
  '| What | Why |',
  '|---|---|',
  ...PARTLY_BUILT.map(({ what, why }) => `| ${what} | ${why} |`),
  '',
  '## Commands of `hdfs`',
  '',
  ...section(commands),
  '## Commands of `hadoop`',
  '',
  ...section(hadoopCommands),
  '## Verbs of `hdfs dfs`',
  '',
  ...section(verbs),
  '## Commands that end or speak otherwise',
  '',
  '| What | Why |',
  '|---|---|',
  ...COMMAND_DIFFERENCES.map(({ what, why }) => `| ${what} | ${why} |`),
  '',
  '## Configuration keys whose default is not Hadoop’s',
  '',
  'All that there are: `CONFIGURATION.md`.',
  '',
  '| Key | Default | Why |',
  '|---|---|---|',
  ...differing.map(([name, key]) => `| \`${name}\` | \`${key.default}\` | ${key.differs} |`),
  '',
  '## Configuration keys without effect',
  '',
  'A daemon names those that are set to something else than their default when it starts.',
  '',
  ...section(Object.fromEntries(idle.map((name) => [name, { refused: WITHOUT_EFFECT[name] }])), 'Key'),
].join('\n');

const cell = (value) => String(value).replaceAll('|', '\\|').replaceAll('\n', ' ');
const typeOf = ({ type, unit, choices }) =>
  choices === undefined ? (unit === undefined ? type : `${type}, ${unit}`) : choices.join(', ');
const meaningOf = ({ doc, differs, deprecated }, without) =>
  [
    doc,
    differs,
    without === undefined ? undefined : `No effect: ${without}.`,
    deprecated === undefined ? undefined : `Old names: ${deprecated.map((old) => `\`${old}\``).join(', ')}.`,
  ]
    .filter((part) => part !== undefined)
    .join(' ');
const keys = [
  '# Configuration keys',
  '',
  'Made by `npm run compatibility` from `src/config/keys`; a test keeps it up to date. Names and defaults are Hadoop’s, but where the',
  'meaning says so. They stand in `core-site.xml` and `hdfs-site.xml`; `tuskfs config explain KEY` shows the value in force and where',
  'it comes from. Keys that begin with `dfs.` belong into `hdfs-site.xml`: as in Hadoop, the defaults of HDFS are read over what',
  '`core-site.xml` says of them, unless it calls them final. A duration without a unit counts the one beside its type. A key that is',
  'not here changes nothing, nor does one that says so; daemons name such ones when they start.',
  '',
  ...Object.entries(KEY_GROUPS).flatMap(([title, table]) => [
    `## ${title}`,
    '',
    '| Key | Type | Default | Meaning |',
    '|---|---|---|---|',
    ...Object.entries(table).map(
      ([name, key]) =>
        `| \`${name}\` | ${typeOf(key)} | ${key.default === undefined || key.default === '' ? '' : `\`${cell(key.default)}\``} | ${cell(meaningOf(key, WITHOUT_EFFECT[name]))} |`,
    ),
    '',
  ]),
].join('\n');

for (const [name, content] of [
  ['COMPATIBILITY.md', text],
  ['CONFIGURATION.md', keys],
]) {
  const page = join(root, name);
  if (!process.argv.includes('--check')) writeFileSync(page, content);
  else if (!existsSync(page) || readFileSync(page, 'utf8') !== content) {
    console.error(`${name} is out of date: run \`npm run compatibility\``);
    process.exitCode = 1;
  }
}
