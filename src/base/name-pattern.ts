// The pattern of one name: `*`, `?`, `[a-z]`, `[^x]`, `{a,b}` and `\` in front of any of them. Apache: GlobPattern.
import { HdfsError } from './errors.ts';

function broken(message: string, pattern: string): HdfsError {
  const text = `Illegal file pattern: error parsing regexp: ${message} at pos ${pattern.length}: \`${pattern}\``;
  return new HdfsError('EIO', text, { path: pattern });
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
  let braces = 0;
  for (let i = 0; i < pattern.length; i++) {
    const c = pattern.charAt(i);
    if (c === '\\') {
      if (++i >= pattern.length) throw broken('Missing escaped character', pattern);
      expression += escapeRegExp(pattern.charAt(i));
    } else if (set) {
      if (c === ']') {
        set = false;
        expression += ']';
      } else if (c === '!' && pattern.charAt(i - 1) === '[') expression += '^';
      else expression += c === '[' ? '\\[' : c;
      if (c === '[') throw broken('Unclosed character class', pattern);
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
  const compiled = new RegExp(`^(?:${expression.replaceAll(/(?:\.\*)+/g, '.*')})$`, 'su');
  return { hasWildcard, matches: (name) => compiled.test(name) };
}

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');

export const withoutEscapes = (pattern: string): string => pattern.replace(/\\(.)/gs, '$1');
