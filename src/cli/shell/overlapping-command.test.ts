// If these fail, chmod -R and setrep -R of a large directory take a round trip for each file, or report them out of order.
import { expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { Configuration } from '../../config/configuration.ts';
import { testTerminal } from '../testing.ts';
import type { ShellContext } from './command.ts';
import type { ShellFileSystem, ShellStat } from './file-system.ts';
import { Item } from './item.ts';
import { OverlappingCommand, type Report } from './overlapping-command.ts';

const stat = (isDirectory: boolean): ShellStat => ({
  isDirectory,
  isFile: !isDirectory,
  size: 0,
  permission: 0o755,
  owner: 'me',
  group: 'us',
  mtimeMs: 0,
  atimeMs: 0,
  replication: 1,
  blockSize: 1,
  hasAcl: false,
  erasureCoded: false,
});

/** Names end in a slash where they are directories. */
function files(tree: Readonly<Record<string, readonly string[]>>): ShellFileSystem {
  return {
    workingDirectory: '/',
    list: async function* list(path: string) {
      for (const name of tree[path] ?? []) yield { name: name.replace('/', ''), stat: stat(name.endsWith('/')) };
    },
  } as unknown as ShellFileSystem;
}

/** Its changes are answered when somebody says so, the last one first. */
class Changes extends OverlappingCommand {
  readonly asked: string[] = [];
  readonly #waiting: (() => void)[] = [];
  most = 0;

  protected processOptions(): void {
    this.recursive = true;
  }

  protected override async expandArgument(arg: string): Promise<Item[]> {
    return [new Item(await this.context.fileSystem(arg), arg, stat(true))];
  }

  protected async change(item: Item): Promise<Report> {
    this.asked.push(item.path);
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve);
      this.most = Math.max(this.most, this.#waiting.length);
      Promise.resolve().then(() => this.#waiting.pop()?.());
    });
    if (item.name === 'bad') throw new HdfsError('EACCES', 'not yours');
    return () => this.print(item.path);
  }
}

async function run(tree: Readonly<Record<string, readonly string[]>>) {
  const terminal = testTerminal('/');
  const configuration = new Configuration();
  const context = { terminal, configuration, fileSystem: () => Promise.resolve(files(tree)) } as unknown as ShellContext;
  const command = new Changes('change', context);
  const code = await command.run(['/top']);
  return { code, command, lines: terminal.stdout.take().trimEnd().split('\n'), errors: terminal.stderr.take() };
}

test('files of a directory are asked for together and reported in their order, failures among them', async () => {
  const names = Array.from({ length: 100 }, (_, i) => (i === 40 ? 'bad' : `f${i}`));
  const { code, command, lines, errors } = await run({ '/top': names });
  const paths = names.map((name) => `/top/${name}`);
  expect(command.asked).toEqual(['/top', ...paths]);
  expect(lines).toEqual(['/top', ...paths.filter((path) => path !== '/top/bad')]);
  expect([code, errors]).toEqual([1, 'change: not yours\n']);
  expect(command.most).toBeGreaterThan(10);
});

test('a directory is changed before anything below it is asked for', async () => {
  const { command } = await run({ '/top': ['a', 'd/', 'z'], '/top/d': ['x', 'y'] });
  expect(command.asked).toEqual(['/top', '/top/a', '/top/z', '/top/d', '/top/d/x', '/top/d/y']);
});
