// tuskfs config explain [key...]: where a value comes from, and what it does.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { currentName, declaredKey, KEYS } from '../../config/keys/index.ts';
import {
  describeIdle,
  describeUnknown,
  nearestKey,
  overshadowedKeys,
  sourceOf,
  unknownKeys,
  withoutEffect,
} from '../../config/unknown-keys.ts';
import type { JsonLine, VerbContext } from '../context.ts';
import { EXIT } from '../errors.ts';
import { texts, type Verb } from './verb.ts';

export const config: Verb = {
  name: 'config',
  summary: 'explain: value, origin, default and meaning of configuration keys',
  declare(command) {
    command
      .argument('<action>', 'explain')
      .argument('[key...]', 'keys; without one, all that are set, and those that are not known')
      .option('--all', 'every key that there is');
  },
  async run(context, [action, keys], { all }) {
    if (action !== 'explain') throw new HdfsError('EINVAL', `${String(action)} is not known: tuskfs config explain [KEY...]`);
    const configuration = await context.files();
    const asked = texts(keys);
    if (asked.length > 0) {
      for (const name of asked) await explainKey(context, configuration, name);
      return;
    }
    for (const unknown of unknownKeys(configuration)) {
      const { name, source, nearest } = unknown;
      await context.answer(
        { key: name, value: configuration.get(name), source, known: false, nearest },
        () => `warning: ${describeUnknown(unknown)}`,
      );
    }
    for (const idle of overshadowedKeys(configuration)) {
      const { name, source, reason } = idle;
      await context.answer({ key: name, source, known: true, withoutEffect: reason }, () => `warning: ${describeIdle(idle)}`);
    }
    for (const name of configuration.names()) {
      if (!Object.hasOwn(KEYS, name)) continue;
      if (all === true || configuration.isSet(name)) await explainKey(context, configuration, name);
    }
  },
};

async function explainKey(context: VerbContext, configuration: Configuration, asked: string): Promise<void> {
  const name = currentName(asked);
  const known = declaredKey(name);
  if (known === undefined) {
    const nearest = nearestKey(name);
    const isSet = configuration.isSet(name);
    const source = isSet ? sourceOf(configuration, name) : undefined;
    const value = isSet ? configuration.get(name) : undefined;
    context.exitCode = EXIT.notFound;
    await context.answer({ key: name, value, source, known: false, nearest }, () => {
      const set = isSet ? `, though it is set to ${value} (${source})` : '';
      return `${name} is not known${set}${nearest === undefined ? '' : `; the nearest that is: ${nearest}`}`;
    });
    return;
  }
  const line: JsonLine = {
    key: name,
    asked: asked === name ? undefined : asked,
    value: configuration.get(name),
    source: configuration.property(name) === undefined ? undefined : sourceOf(configuration, name),
    final: configuration.property(name)?.final === true ? true : undefined,
    default: known.default,
    type: known.type,
    unit: known.unit,
    choices: known.choices,
    doc: known.doc,
    differs: known.differs,
    deprecated: known.deprecated,
    withoutEffect: withoutEffect(name),
    known: true,
  };
  await context.answer(line, () => {
    const rows: readonly (readonly [label: string, value: unknown])[] = [
      ['value', line.value ?? '(none)'],
      ['from', `${line.source ?? 'nowhere'}${line.final === true ? ', final' : ''}`],
      ['default', known.default ?? '(none)'],
      ['type', known.unit === undefined ? known.type : `${known.type}; a bare number counts ${known.unit}`],
      ['choices', known.choices?.join(', ')],
      ['meaning', known.doc],
      ['no effect', withoutEffect(name)],
      ['Hadoop', known.differs],
      ['old names', known.deprecated?.join(', ')],
    ];
    const shown = rows
      .filter(([, value]) => value !== undefined)
      .map(([label, value]) => `  ${label.padEnd(9)}  ${String(value)}`);
    return [asked === name ? name : `${name} (asked for as ${asked})`, ...shown].join('\n');
  });
}
