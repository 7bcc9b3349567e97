// /conf: the configuration a daemon runs with, as XML or JSON, in the form of Hadoop's ConfServlet. Values of keys that
// hold secrets are not shown.
import type { Configuration, Property } from '../config/configuration.ts';
import { escapeXml } from '../config/xml.ts';
import type { HttpRequest, HttpResponse } from '../host/host.ts';

/** Apache: org.apache.hadoop.conf.ConfigRedactor. */
const REDACTED = '<redacted>';

export function isSensitive(configuration: Configuration, name: string): boolean {
  return configuration.getStrings('hadoop.security.sensitive-config-keys').some((pattern) => {
    // Hadoop's patterns use no more of regular expressions than `$`, `.` and `.*`.
    const plain = pattern.replace(/[\\^+?()[\]{}|]/g, '\\$&').replace(/(?<!\.)\*/g, '.*');
    return new RegExp(plain).test(name);
  });
}

/** Where a value comes from, as Hadoop names it: files without their directory, defaults by the file that has them there. */
function resourceOf(name: string, property: Property | undefined): string {
  if (property === undefined) return 'unknown';
  if (property.source === 'default') return name.startsWith('dfs.') ? 'hdfs-default.xml' : 'core-default.xml';
  return property.source.slice(property.source.lastIndexOf('/') + 1);
}

export function confResponse(configuration: Configuration, request: HttpRequest): HttpResponse {
  const wanted = request.query.get('name') ?? '';
  if (wanted !== '' && (configuration.get(wanted) ?? '') === '') {
    return { status: 404, headers: { 'Content-Type': 'text/plain; charset=utf-8' }, body: `Property ${wanted} not found\n` };
  }
  const names = wanted === '' ? configuration.names() : [wanted];
  const accept = request.headers.accept;
  const json = request.query.get('format') === 'json' || (typeof accept === 'string' && accept.includes('json'));
  const entries = names.map((name) => {
    const property = configuration.property(name);
    // JSON has values with their variables expanded, XML as they were written.
    const value = (json ? configuration.get(name) : property?.value) ?? '';
    return {
      key: name,
      value: isSensitive(configuration, name) ? REDACTED : value,
      isFinal: property?.final ?? false,
      resource: resourceOf(name, property),
    };
  });
  if (json) {
    const body = wanted === '' ? { properties: entries } : { property: entries[0] };
    return { status: 200, headers: { 'Content-Type': 'application/json; charset=utf-8' }, body: JSON.stringify(body) };
  }
  const lines = entries.map(
    ({ key, value, isFinal, resource }) =>
      `<property><name>${escapeXml(key)}</name><value>${escapeXml(value)}</value>` +
      `<final>${isFinal}</final><source>${escapeXml(resource)}</source></property>\n`,
  );
  const body = `<?xml version="1.0" encoding="UTF-8" standalone="no"?><configuration>\n${lines.join('')}</configuration>`;
  return { status: 200, headers: { 'Content-Type': 'text/xml; charset=utf-8' }, body };
}
