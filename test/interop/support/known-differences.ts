// Which answers of java/Difference.java may differ, and by which line of COMPATIBILITY.md. Each pattern is as narrow as the
// difference is: what else the answers say has to be alike.
import type { RpcDifferenceId } from '../../../src/wire/tables/rpc-differences.ts';

interface Known {
  readonly id: RpcDifferenceId;
  /** The operation as the scenario has it. */
  readonly operation: RegExp;
  readonly apache: RegExp;
  readonly ours: RegExp;
}

const UNREADABLE = /AccessControlException: Permission denied: user=\w+, access=(READ_EXECUTE|ALL), inode="/;

const KNOWN: readonly Known[] = [
  { id: 'order of a walk', operation: /^\w+ (usage|summary|delete|rename2) /, apache: UNREADABLE, ours: UNREADABLE },
  {
    id: 'sticky usage',
    operation: /^\w+ usage /,
    apache: /AccessControlException: Permission denied by sticky bit/,
    ours: /^count=\d|: Permission denied: .*access=READ_EXECUTE/,
  },
  {
    id: 'sticky usage',
    operation: /^\w+ snapshotdiffs? /,
    apache: /AccessControlException: Permission denied by sticky bit/,
    ours: /SnapshotException: The path .* is neither snapshottable/,
  },
  {
    id: 'null pointers',
    operation: /^\w+ snapshotdiffs? '' /,
    apache: /^java\.lang\.StringIndexOutOfBoundsException: index -1, length 0$/,
    ours: /^java\.lang\.AssertionError: Absolute path required, but got ''$/,
  },
  {
    id: 'null pointers',
    operation: /^\w+ rename \S+ /,
    apache: /^java\.lang\.NullPointerException: Cannot read the array length because "components\[i\]" is null$/,
    ours: /^false$|AccessControlException: Permission denied: /,
  },
];

/** What is hidden in every answer alike: see `directory access times` and `types of a changed policy`. */
const hidden = (answer: string): string =>
  answer.replaceAll(/(\bdir '[^']*' [^|]*? m=\w+) a=\w+/g, '$1').replaceAll(/ types=\[(-?\d+\/-?\d+(, )?)*\]/g, '');

/** Of a sticky directory below the one that was asked about: see `owner of a sticky directory`. */
const withoutParent = (answer: string): string => answer.replace(/(by sticky bit: .* parent="[^"]*"):\S+$/, '$1');

const ARROW = ' -> ';

/** Whether two lines, each an operation and its answer, say the same, or differ as is known. */
export function alike(apache: string, ours: string): boolean {
  const [theirs, own] = [hidden(apache), hidden(ours)];
  if (theirs === own) return true;
  const at = apache.indexOf(ARROW);
  const operation = apache.slice(0, at);
  if (ours.slice(0, at + ARROW.length) !== `${operation}${ARROW}`) return false;
  if (/^\w+ (@\d+ )?(delete|rename2) /.test(operation) && withoutParent(theirs) === withoutParent(own)) return true;
  const answers = [theirs, own].map((line) => line.slice(at + ARROW.length)) as [string, string];
  return KNOWN.some((known) => known.operation.test(operation) && known.apache.test(answers[0]) && known.ours.test(answers[1]));
}
