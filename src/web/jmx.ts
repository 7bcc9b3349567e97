// The beans of a daemon and the answer of /jmx, in the form of Hadoop's JMXJsonServlet. A bean is a name such as
// `Hadoop:service=NameNode,name=FSNamesystem` and a function that makes its attributes when they are asked for.
import type { JmxValue } from './json.ts';
import { formatJson, merged } from './json.ts';

export interface Bean {
  readonly name: string;
  /** Class behind the bean in Hadoop; scrapers see it as `modelerType`. */
  readonly modelerType?: string | undefined;
  /** Name of the record in Hadoop's metrics system, where it is not the bean's; /prom shows it. */
  readonly record?: string | undefined;
  /** Whether it is there now; without it, always. */
  readonly isThere?: (() => boolean) | undefined;
  attributes(): Readonly<Record<string, JmxValue | undefined>>;
  /** What /prom shows in place of the attributes. */
  samples?: (() => readonly PrometheusSample[]) | undefined;
}

export interface PrometheusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ObjectName {
  readonly domain: string;
  readonly properties: ReadonlyMap<string, string>;
  /** The pattern ends in `,*`: more properties may follow. */
  readonly open: boolean;
}

/** A query longer than this is no object name. */
const MAX_NAME = 4096;

const KEY = /[^=,:*?\n]+=/y;
const VALUE = /[^,=:\n]*/y;

/**
 * Undefined for a text that Java calls a malformed object name; nothing at all stands for every name. Quotes mean nothing: a
 * daemon of Hadoop's escapes them in whatever it is asked.
 */
export function parseObjectName(text: string): ObjectName | undefined {
  if (text === '') return parseObjectName('*:*');
  const colon = text.indexOf(':');
  if (colon < 0 || text.length > MAX_NAME || colon === text.length - 1) return undefined;
  const domain = text.slice(0, colon);
  if (/[=\n]/.test(domain)) return undefined;
  const properties = new Map<string, string>();
  let open = false;
  let at = colon + 1;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  while (at < text.length) {
    if (text[at] === '*') {
      if (open) return undefined;
      open = true;
      at++;
      if (at < text.length && text[at++] !== ',') return undefined;
      continue;
    }
    const key = take(KEY)?.slice(0, -1);
    if (key === undefined || properties.has(key)) return undefined;
    properties.set(key, take(VALUE) ?? '');
    // A comma at the end has nothing behind it.
    if (at < text.length && (text[at++] !== ',' || at === text.length)) return undefined;
  }
  return { domain, properties, open };
}

/** `*` any run of characters, `?` one; in time linear in the product of both lengths. */
export function globMatches(pattern: string, text: string): boolean {
  let p = 0;
  let star = -1;
  let resume = 0;
  let t = 0;
  while (t < text.length) {
    if (pattern[p] === '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === text[t])) {
      p++;
      t++;
    } else if (star >= 0) {
      p = star + 1;
      t = ++resume;
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}

function matches(pattern: ObjectName, name: ObjectName): boolean {
  if (!globMatches(pattern.domain, name.domain)) return false;
  if (!pattern.open && pattern.properties.size !== name.properties.size) return false;
  for (const [key, wanted] of pattern.properties) {
    const value = name.properties.get(key);
    if (value === undefined || !globMatches(wanted, value)) return false;
  }
  return true;
}

export class Beans {
  readonly #beans = new Map<string, { readonly bean: Bean; readonly parsed: ObjectName }>();

  /** A bean of the same name is replaced. */
  add(bean: Bean): void {
    const parsed = parseObjectName(bean.name);
    if (parsed === undefined) throw new TypeError(`malformed bean name ${bean.name}`);
    this.#beans.set(bean.name, { bean, parsed });
  }

  remove(name: string): void {
    this.#beans.delete(name);
  }

  /** Beans that fit an object name or pattern, in the order they were added; undefined when it is malformed. */
  query(pattern: string): readonly Bean[] | undefined {
    const wanted = parseObjectName(pattern);
    if (wanted === undefined) return undefined;
    return [...this.#beans.values()]
      .filter(({ bean, parsed }) => matches(wanted, parsed) && bean.isThere?.() !== false)
      .map(({ bean }) => bean);
  }
}

/** The text of /jmx. Like Hadoop's it comes with status 200 whatever it says. */
export function renderJmx(beans: Beans, query: URLSearchParams): string {
  const get = query.get('get');
  if (get === null) {
    const found = beans.query(query.get('qry') ?? '*:*');
    if (found === undefined) return '{ }';
    return formatJson({ beans: found.map((bean) => merged([heading(bean), bean.attributes()])) });
  }
  const parts = get.split('::');
  // As Java's split does.
  while (parts.at(-1) === '') parts.pop();
  const [pattern, attribute] = parts;
  if (parts.length !== 2 || pattern === undefined || attribute === undefined) {
    return formatJson({ result: 'ERROR', message: 'query format is not as expected.' });
  }
  const found = beans.query(pattern);
  if (found === undefined) return '{ }';
  const answers: { readonly [name: string]: JmxValue }[] = [];
  for (const bean of found) {
    const attributes = bean.attributes();
    const value = Object.hasOwn(attributes, attribute) ? attributes[attribute] : undefined;
    if (value === undefined || value === null) {
      // The answer ends with the first bean that does not have it.
      answers.push({ ...heading(bean), result: 'ERROR', message: `No attribute with name ${attribute} was found.` });
      break;
    }
    answers.push({ ...heading(bean), [attribute]: value });
  }
  return formatJson({ beans: answers });
}

function heading(bean: Bean): Readonly<Record<'name' | 'modelerType', string>> {
  return { name: bean.name, modelerType: bean.modelerType ?? bean.name.replace(/^.*[=]/, '') };
}
