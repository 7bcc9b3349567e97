// /prom: every number of every bean of service NameNode, DataNode …, as Prometheus text. The names are
// those of Hadoop's PrometheusMetricsSink: record and metric in snake case (fs_namesystem_capacity_used).
import type { Bean, Beans } from './jmx.ts';
import { JavaDouble } from './json.ts';

/** Where Hadoop breaks a name: before a capital after a small letter or digit, and before the last capital of a run. */
const BREAKS = /(?<!(?:^|[A-Z_]))(?=[A-Z])|(?<!^)(?=[A-Z][a-z])/;

export function prometheusName(record: string, metric: string): string {
  return `${capitalize(record)}${capitalize(metric)}`
    .split(BREAKS)
    .join('_')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_');
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

/** The tags of a bean, which are its labels; the host's name comes last. */
function labelsOf(attributes: ReturnType<Bean['attributes']>, hostName: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (const [attribute, value] of Object.entries(attributes)) {
    if (!attribute.startsWith('tag.')) continue;
    const label = attribute.slice('tag.'.length).toLowerCase();
    // A text of any length that changes with every connection.
    if (label !== 'hostname' && label !== 'numopenconnectionsperuser') labels[label] = String(value);
  }
  return { ...labels, hostname: hostName };
}

export function renderPrometheus(beans: Beans, hostName: string): string {
  interface Sample {
    readonly labels: string;
    readonly value: number;
  }
  const samples = new Map<string, Sample[]>();
  const add = (name: string, named: Readonly<Record<string, string>>, value: number): void => {
    const labels = Object.entries(named)
      .map(([label, text]) => `${label}="${escapeLabel(text)}"`)
      .join(',');
    const list = samples.get(name);
    if (list === undefined) samples.set(name, [{ labels, value }]);
    else if (!list.some((other) => other.labels === labels)) list.push({ labels, value });
  };
  for (const bean of beans.query('Hadoop:*') ?? []) {
    if (bean.samples !== undefined) {
      for (const { name, labels, value } of bean.samples()) add(name, labels, value);
      continue;
    }
    const properties = bean.name.slice(bean.name.indexOf(':') + 1).split(',');
    const record = properties.find((property) => property.startsWith('name='))?.slice(5) ?? 'unnamed';
    // RpcActivityForPort8020: the port is a label, not a part of the name.
    const named = bean.record ?? record.replace(/ForPort\d+$/, '');
    const attributes = bean.attributes();
    const labels = labelsOf(attributes, hostName);
    for (const [attribute, raw] of Object.entries(attributes)) {
      const value = raw instanceof JavaDouble ? raw.value : raw;
      if (typeof value !== 'number' && typeof value !== 'bigint') continue;
      add(prometheusName(named, attribute), labels, Number(value));
    }
  }
  const lines: string[] = [];
  for (const [name, list] of samples) {
    lines.push(`# TYPE ${name} gauge`);
    for (const { labels, value } of list) lines.push(`${name}{${labels}} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}
