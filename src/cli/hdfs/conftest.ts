// hadoop conftest [-conffile PATH]...: looks for mistakes in the form of configuration files. Apache: ConfTest.
import { SaxesParser } from 'saxes';
import { messageOf } from '../../base/errors.ts';
import type { Host } from '../../host/host.ts';
import { absolutePath, joinPath } from '../paths.ts';
import type { Terminal } from '../terminal.ts';

const USAGE = [
  'Usage: hadoop conftest [-conffile <path>|-h|--help]',
  '  -conffile <path>  look at this file, or at the files in this directory that end with .xml; may be given more than once;',
  '                    without it those in $HADOOP_CONF_DIR',
  '  -h, --help        print this',
  '',
].join('\n');

interface OpenProperty {
  readonly line: number;
  readonly counts: Map<string, number>;
  name: string | undefined;
}

/** What is wrong with a file; empty: nothing. */
export function configurationMistakes(text: string): readonly string[] {
  const mistakes: string[] = [];
  const lines = new Map<string, number[]>();
  const parser = new SaxesParser();
  const open: string[] = [];
  let property: OpenProperty | undefined;
  let characters = '';
  let broken: string | undefined;
  const wrong = (line: number, what: string): void => {
    mistakes.push(`Line ${line}: ${what}`);
  };
  parser.on('error', (error) => {
    broken ??= `bad conf file: ${messageOf(error)}`;
  });
  parser.on('opentag', ({ name, attributes }) => {
    characters = '';
    if (open.length === 0 && name !== 'configuration') broken ??= 'bad conf file: top-level element not <configuration>';
    if (open.length === 1) {
      property = undefined;
      if (name === 'property') {
        property = { line: parser.line, counts: new Map(), name: undefined };
        for (const [key, value] of Object.entries(attributes)) {
          property.counts.set(key, 1);
          if (key === 'name') property.name = value;
        }
      } else wrong(parser.line, 'element not <property>');
    } else if (open.length === 2 && property !== undefined) {
      property.counts.set(name, (property.counts.get(name) ?? 0) + 1);
    }
    open.push(name);
  });
  parser.on('text', (part) => {
    characters += part;
  });
  parser.on('cdata', (part) => {
    characters += part;
  });
  parser.on('closetag', ({ name }) => {
    open.pop();
    if (property === undefined) return;
    if (open.length === 2 && name === 'name') property.name = characters;
    if (open.length !== 1) return;
    const { line, counts } = property;
    if (!counts.has('name')) wrong(line, '<property> has no <name>');
    else if (property.name === undefined || property.name === '') wrong(line, '<property> has an empty <name>');
    else lines.set(property.name, [...(lines.get(property.name) ?? []), line]);
    if (!counts.has('value')) wrong(line, '<property> has no <value>');
    for (const [element, count] of counts) {
      if (count > 1 && element !== 'source') wrong(line, `<property> has duplicated <${element}>s`);
    }
    property = undefined;
  });
  parser.write(text).close();
  if (broken !== undefined) return [broken];
  for (const [name, at] of lines) {
    if (at.length > 1) mistakes.push(`Line ${at.join(', ')}: duplicated <property>s for ${name}`);
  }
  return mistakes;
}

export async function runConfTest(
  host: Host,
  terminal: Terminal,
  directory: string | undefined,
  args: readonly string[],
): Promise<number> {
  const { stdout, stderr } = terminal;
  const fail = (message: string): number => {
    stderr.write(`${message}\n`);
    return 1;
  };
  const named: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i];
    if (word === '-h' || word === '--help') {
      stderr.write(USAGE);
      return 0;
    }
    if (word !== '-conffile') return fail(USAGE.trimEnd());
    const value = args[++i];
    if (value === undefined) return fail('No argument specified for -conffile option');
    named.push(absolutePath(value, terminal.cwd));
  }
  if (named.length === 0 && directory === undefined) return fail('HADOOP_CONF_DIR is not defined');
  const files: string[] = [];
  for (const path of named.length === 0 ? [directory ?? ''] : named) {
    const stat = (await host.disk.exists(path)) ? await host.disk.stat(path) : undefined;
    if (stat?.isFile === true) files.push(path);
    else if (stat?.isDirectory === true) {
      for (const name of await host.disk.readdir(path)) {
        const file = joinPath(path, name);
        if (name.endsWith('.xml') && (await host.disk.stat(file)).isFile) files.push(file);
      }
    } else return fail(named.length === 0 ? 'HADOOP_CONF_DIR is not a directory' : `${path} is neither a file nor directory`);
  }
  if (files.length === 0) return fail('No input file to validate');
  let valid = true;
  for (const file of files) {
    const mistakes = configurationMistakes((await host.disk.readFile(file)).toString('utf8'));
    if (mistakes.length === 0) stdout.write(`${file}: valid\n`);
    else {
      valid = false;
      stderr.write(`${file}:\n${mistakes.map((mistake) => `\t${mistake}\n`).join('')}`);
    }
  }
  if (!valid) return fail('Invalid file exists');
  stdout.write('OK\n');
  return 0;
}
