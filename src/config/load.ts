// Makes a Configuration from a directory of Hadoop's XML files (core-site.xml, then hdfs-site.xml), read through the
// host's disk. Defaults are not files: they are declared in keys/.

import { HdfsError, messageOf } from '../base/errors.ts';
import type { Host } from '../host/host.ts';
import { Configuration, type ConfigurationEnvironment, type Property } from './configuration.ts';
import { currentName, hasDefaultOfHdfs } from './keys/index.ts';
import { decodeXml, MAX_XML_BYTES, parseConfigurationXml, type XmlItem, type XmlProperty } from './xml.ts';

/** Includes within includes. */
const MAX_INCLUDE_DEPTH = 8;
/** Files that one file reaches by its includes, each as often as it is named: two in each of eight would be 256 already. */
const MAX_INCLUDES = 500;

export interface LoadOptions {
  /** Directory with core-site.xml, hdfs-site.xml and hadoop-policy.xml; each may be missing. Undefined: no files. */
  readonly directory?: string | undefined;
  /** More files, read after those of the directory (Hadoop's -conf). They must exist. */
  readonly files?: readonly string[] | undefined;
  /** Values of the command line (Hadoop's -D). */
  readonly overrides?: Readonly<Record<string, string>> | undefined;
}

export type LoadHost = Pick<Host, 'disk' | 'machine'>;

const CORE_SITE = 'core-site.xml';

/** The last one, of service authorization, has keys of its own. */
export const SITE_FILES = [CORE_SITE, 'hdfs-site.xml', 'hadoop-policy.xml'] as const;

export function environmentOf(host: Pick<Host, 'machine'>): ConfigurationEnvironment {
  return {
    env: (name) => host.machine.env(name),
    property: (name) => {
      if (name === 'user.name') return host.machine.userName;
      if (name === 'user.home') return host.machine.env('HOME');
      if (name === 'java.io.tmpdir') return host.machine.env('TMPDIR') ?? '/tmp';
      return undefined;
    },
  };
}

/** Rejects with HdfsError EINVAL naming file and line for a file that is no configuration. */
export async function loadConfiguration(host: LoadHost, options: LoadOptions = {}): Promise<Configuration> {
  const properties = new Map<string, Property>();
  const overshadowed = new Map<string, Property>();
  const { directory } = options;
  if (directory !== undefined) {
    if (!(await isDirectory(host, directory))) {
      throw new HdfsError('EINVAL', `configuration directory ${directory} does not exist`, { path: directory });
    }
    for (const name of SITE_FILES) {
      const file = `${directory.replace(/\/+$/, '')}/${name}`;
      if (await host.disk.exists(file)) await readInto(host, file, properties);
      if (name === CORE_SITE) overshadow(properties, overshadowed);
    }
  }
  for (const file of options.files ?? []) {
    if (!(await host.disk.exists(file)))
      throw new HdfsError('EINVAL', `configuration file ${file} does not exist`, { path: file });
    await readInto(host, file, properties);
  }
  const configuration = new Configuration(properties, environmentOf(host), overshadowed);
  return options.overrides === undefined ? configuration : configuration.with(options.overrides);
}

/** Hadoop reads the defaults of HDFS behind core-site.xml: they stand above what it says, unless that is final. */
function overshadow(properties: Map<string, Property>, overshadowed: Map<string, Property>): void {
  for (const [name, property] of properties) {
    if (property.final || !hasDefaultOfHdfs(name)) continue;
    properties.delete(name);
    overshadowed.set(name, property);
  }
}

async function isDirectory(host: LoadHost, path: string): Promise<boolean> {
  return (await host.disk.exists(path)) && (await host.disk.stat(path)).isDirectory;
}

async function readInto(
  host: LoadHost,
  file: string,
  properties: Map<string, Property>,
  depth = 0,
  included = { files: 0 },
): Promise<void> {
  if (depth > MAX_INCLUDE_DEPTH)
    throw new HdfsError('EINVAL', `${file}: includes are nested more than ${MAX_INCLUDE_DEPTH} deep`);
  let items: readonly XmlItem[];
  try {
    // Before it takes the memory.
    const { size } = await host.disk.stat(file);
    if (size > MAX_XML_BYTES) throw new HdfsError('EINVAL', `${file}: longer than ${MAX_XML_BYTES} bytes`, { path: file });
    items = parseConfigurationXml(decodeXml(await host.disk.readFile(file), file), file);
  } catch (error) {
    if (error instanceof HdfsError) throw error;
    throw new HdfsError('EINVAL', `configuration file ${file} cannot be read: ${messageOf(error)}`, {
      path: file,
      cause: error,
    });
  }
  for (const item of items) {
    if (item.kind === 'property') set(properties, item, file);
    else {
      const path = includePath(file, item.href);
      if (await host.disk.exists(path)) {
        if (++included.files > MAX_INCLUDES)
          throw new HdfsError('EINVAL', `${file}: more than ${MAX_INCLUDES} files are included`);
        await readInto(host, path, properties, depth + 1, included);
      } else if (item.fallback === undefined) {
        throw new HdfsError('EINVAL', `${file} includes ${item.href}, which does not exist, and gives no fallback`, {
          path: file,
        });
      } else for (const property of item.fallback) set(properties, property, file);
    }
  }
}

function includePath(file: string, href: string): string {
  const local = href.startsWith('file:') ? href.replace(/^file:(\/\/)?/, '') : href;
  if (/^[a-z][a-z0-9+.-]*:/i.test(local)) {
    throw new HdfsError('EINVAL', `${file} includes ${href}: only local files may be included`, { path: file });
  }
  return local.startsWith('/') ? local : `${file.slice(0, file.lastIndexOf('/') + 1)}${local}`;
}

function set(properties: Map<string, Property>, { name, value, final, line }: XmlProperty, source: string): void {
  const current = currentName(name);
  // The first file that calls a property final has the last word among files.
  if (properties.get(current)?.final === true) return;
  properties.set(current, { value, source, final, line });
}
