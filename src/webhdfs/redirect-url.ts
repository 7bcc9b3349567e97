// The address that a NameNode sends a client to for a file's data: the DataNode's web server with the parameters that it
// needs, escaped as Hadoop's NameNode does it (Java's URI escapes the escapes of the query once more).
import { asciiPath, asciiQuery } from '../base/java-uri.ts';
import { PARAMETERS, type Parameter, type ParameterName, type ParameterValue, type QueryValues } from './parameters.ts';

/** Java's URLEncoder. */
const formEncoded = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()~]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/%20/g, '+');

/** Sorted by name; those without a value are left out. Apache: Param.toSortedString. */
function sortedParameters(query: QueryValues, parameters: readonly ParameterName[]): string {
  const given: [string, string][] = [];
  for (const parameter of parameters) {
    const value = query.get(parameter);
    if (value === undefined) continue;
    const declared = PARAMETERS[parameter] as Parameter<ParameterValue<ParameterName>>;
    given.push([declared.name, declared.format(value)]);
  }
  given.sort(([a], [b]) => (a < b ? -1 : 1));
  return given.map(([name, value]) => `&${formEncoded(name)}=${formEncoded(value)}`).join('');
}

export interface RedirectTarget {
  readonly host: string;
  readonly port: number;
  /** Path below the prefix of WebHDFS, decoded. */
  readonly path: string;
  readonly op: string;
  /** Address by which the DataNode reaches the NameNode, or its nameservice. */
  readonly namenode: string;
}

export function redirectUrl(
  target: RedirectTarget,
  prefix: string,
  query: QueryValues,
  parameters: readonly ParameterName[],
): string {
  const host = target.host.includes(':') ? `[${target.host}]` : target.host;
  const text =
    `op=${target.op}${sortedParameters(query, ['doAs', 'user'])}&namenoderpcaddress=${target.namenode}` +
    sortedParameters(query, parameters);
  return `http://${host}:${target.port}${asciiPath(`${prefix}${target.path}`)}?${asciiQuery(text)}`;
}
