// The pattern of one name: `*`, `?`, `[a-z]`, `[^x]`, `{a,b}` and `\` in front of any of them. Apache: GlobPattern.
import { HdfsError } from './errors.ts';

function broken(message: string, pattern: string, position = pattern.length): HdfsError {
  const text = `Illegal file pattern: error parsing regexp: ${message} at pos ${position}: \`${pattern}\``;
  return new HdfsError('EIO', text, { path: pattern });
}

/** What JavaScript refuses of a pattern that is closed: a range whose end comes before its begin. */
function compiledOf(expression: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${expression})$`, 'su');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const range = [...pattern.matchAll(/(?=(.)-(.))/gsu)].find(([, from = '', to = '']) => from > to);
    const what = range === undefined ? pattern : `${range[1]}-${range[2]}`;
    const text = `Illegal file pattern: error parsing regexp: invalid character class range: \`${what}\``;
    throw new HdfsError('EIO', text, { path: pattern });
  }
}

export interface NamePattern {
  readonly hasWildcard: boolean;
  matches(name: string): boolean;
}

/** The pattern of one name. Throws for one that is not closed. */
export function compileName(pattern: string): NamePattern {
  let expression = '';
  let hasWildcard = false;
  let set = false;
  /** Where the members of the set begin. */
  let members = 0;
  let braces = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '\\') {
      if (++i >= pattern.length) throw broken('Missing escaped character', pattern);
      expression += escapeRegExp(pattern.charAt(i));
    } else if (set) {
      if (c === '[') throw broken('Unclosed character class', pattern, i);
      const first = expression.length === members;
      if (first && (c === '^' || c === '!') && pattern.charAt(i - 1) === '[') {
        expression += '^';
        members++;
      } else if (first && c === ']') expression += '\\]';
      else {
        expression += c;
        set = c !== ']';
      }
    } else if (c === '*') {
      expression += '.*';
      hasWildcard = true;
    } else if (c === '?') {
      expression += '.';
      hasWildcard = true;
    } else if (c === '[') {
      set = true;
      hasWildcard = true;
      expression += '[';
      members = expression.length;
    } else if (c === '{') {
      braces++;
      hasWildcard = true;
      expression += '(?:';
    } else if (c === '}' && braces > 0) {
      braces--;
      expression += ')';
    } else if (c === ',' && braces > 0) expression += '|';
    else expression += escapeRegExp(c);
  }
  if (set) throw broken('Unclosed character class', pattern);
  if (braces > 0) throw broken('Unclosed group', pattern);
  if (!hasWildcard) {
    const plain = withoutEscapes(pattern);
    return { hasWildcard, matches: (name) => name === plain };
  }
  const compiled = compiledOf(expression.replaceAll(/(?:\.\*)+/g, '.*'), pattern);
  return { hasWildcard, matches: (name) => compiled.test(name) };
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export const withoutEscapes = (pattern: string): string => pattern.replace(/\\(.)/gs, '$1');
