// tuskfs xattr get|set|rm [-n name] [name[=value]] <path...>
import { HdfsError } from '../../base/errors.ts';
import { decodeXattrValue, encodeXattrValue } from '../../base/xattr-value.ts';
import { xattrsOf } from '../shell/commands/xattr.ts';
import { oneOf, texts, type Verb } from './verb.ts';

const ACTIONS = ['get', 'set', 'rm'] as const;

export const xattr: Verb = {
  name: 'xattr',
  summary: 'extended attributes: get, set, rm',
  declare(command) {
    command
      .argument('<action>', ACTIONS.join(', '))
      .argument('<args...>', 'for set user.NAME=VALUE (0x… and 0s… for bytes), for rm user.NAME; then paths or patterns')
      .option('-n, --name <name>', 'get: this one only');
  },
  async run(context, [word, args], { name: wanted }) {
    const action = oneOf(ACTIONS, word);
    const paths = [...texts(args)];
    const given = action === 'get' ? '' : (paths.shift() ?? '');
    if (paths.length === 0) throw new HdfsError('EINVAL', `xattr ${action} needs a path`);
    const equals = given.indexOf('=');
    const name = equals < 0 ? given : given.slice(0, equals);
    const value = equals < 0 ? undefined : decodeXattrValue(given.slice(equals + 1));
    if (value !== undefined && 'wrong' in value) throw new HdfsError('EINVAL', `${given} has no value: ${value.wrong}`);
    await context.each(paths, `xattr ${action}`, async (item) => {
      const xattrs = xattrsOf(item, `xattr ${action}`);
      if (action === 'set') await xattrs.set(item.path, name, value);
      if (action === 'rm') {
        await xattrs.remove(item.path, name);
        await context.answer({ path: item.path, removed: name }, () => `${item.path}  ${name} is gone`);
        return;
      }
      const one = action === 'set' ? name : wanted;
      const all = await xattrs.getAll(item.path, one === undefined ? [] : [String(one)]);
      const shown = Object.fromEntries([...all].map(([each, bytes]) => [each, bytes.toString('base64')]));
      await context.answer({ path: item.path, xattrs: shown }, () =>
        [item.path, ...[...all].map(([each, bytes]) => `  ${each}=${readable(bytes)}`)].join('\n'),
      );
    });
  },
};

/** As text where it is some, else in hexadecimal digits. */
function readable(bytes: Buffer): string {
  const isText = Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes) && !/\p{Cc}/u.test(bytes.toString('utf8'));
  return encodeXattrValue(bytes, isText ? 'text' : 'hex');
}
