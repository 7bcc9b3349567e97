// What `tuskfs doctor` looks at, in its order: configuration, names, ports, the clock, the NameNode, blocks, DataNodes, and what the
// user may do.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { parseHttpDate } from '../../base/utc.ts';
import { HdfsAdmin } from '../../client/admin.ts';
import { connect } from '../../client/index.ts';
import type { Configuration } from '../../config/configuration.ts';
import { clientNameNodes, formatHostPort } from '../../config/nameservices.ts';
import { describeIdle, describeUnknown, idleKeys, unknownKeys } from '../../config/unknown-keys.ts';
import type { Host } from '../../host/host.ts';
import { sizeInWords } from '../human.ts';
import { webAddress } from '../web-address.ts';
import { dataNodeFindings } from './datanodes.ts';
import { type DoctorOptions, type Finding, failed, ok, TIMEOUT_MS, warning } from './finding.ts';
import { localFindings } from './local-disks.ts';

/** Above this, leases and tokens of two machines begin to disagree. */
const MAX_SKEW_MS = 5000;
/** An HTTP date has whole seconds. */
const DATE_GRAIN_MS = 1000;
const FULL = 0.95;

/** One after the other; what cannot be looked at because something before it failed is left out. */
export async function* findings(options: DoctorOptions): AsyncGenerator<Finding, void, undefined> {
  const { host, configuration } = options;
  yield* configurationFindings(configuration);
  yield* localFindings(host, configuration);
  let service: ReturnType<typeof clientNameNodes>;
  try {
    service = clientNameNodes(configuration);
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    yield failed('configuration', messageOf(error), 'set fs.defaultFS to hdfs://HOST:PORT, or give --uri or --config');
    return;
  }
  let reachable = false;
  for (const { host: name, port } of service.namenodes) {
    const addresses = yield* nameFindings(host, name);
    if (addresses.length === 0) continue;
    reachable = (yield* portFindings(host, { host: name, port })) || reachable;
  }
  if (!reachable) return;
  yield* webFindings(host, configuration);
  yield* clusterFindings(options);
}

function* configurationFindings(configuration: Configuration): Generator<Finding, void, undefined> {
  const unknown = unknownKeys(configuration);
  for (const each of unknown) {
    const fix = each.nearest === undefined ? 'remove it' : `write ${each.nearest}, or remove it`;
    yield warning('configuration', describeUnknown(each), fix);
  }
  for (const each of idleKeys(configuration)) yield warning('configuration', describeIdle(each), 'do not count on it');
  if (unknown.length === 0) yield ok('configuration', 'every key that is set is known');
}

async function* nameFindings(host: Host, name: string): AsyncGenerator<Finding, readonly string[], undefined> {
  try {
    const addresses = await host.dns.lookup(name);
    yield ok('names', `${name} is ${addresses.join(', ')}`);
    return addresses;
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    yield failed('names', `${name} has no address: ${messageOf(error)}`, `give ${name} an address, in DNS or in /etc/hosts`);
    return [];
  }
}

async function* portFindings(
  host: Host,
  address: { readonly host: string; readonly port: number },
): AsyncGenerator<Finding, boolean, undefined> {
  const shown = formatHostPort(address);
  const started = host.clock.monotonic();
  try {
    const connection = await host.net.connect({ ...address, timeoutMs: TIMEOUT_MS });
    connection.destroy();
    yield ok('ports', `the NameNode takes connections at ${shown}, in ${Math.round(host.clock.monotonic() - started)} ms`);
    return true;
  } catch (error) {
    const silent = error instanceof HdfsError && error.code === 'ETIMEDOUT';
    const fix = silent
      ? 'packets are dropped on the way: look at firewalls, and at which address the NameNode listens (dfs.namenode.rpc-bind-host)'
      : 'start the NameNode, or name the right port in fs.defaultFS';
    yield failed('ports', `nobody answers at ${shown}: ${messageOf(error)}`, fix);
    return false;
  }
}

/** Of the web server: whether it answers, and what time it is there. */
async function* webFindings(host: Host, configuration: Configuration): AsyncGenerator<Finding, void, undefined> {
  const shown = webAddress(configuration);
  try {
    const response = await host.http.request(`http://${shown}/isActive`, { timeoutMs: TIMEOUT_MS });
    for await (const chunk of response.body) chunk.fill(0);
    const now = host.clock.now();
    yield ok('ports', `its web server answers at ${shown}`);
    const date = parseHttpDate(String(response.headers.date ?? ''));
    if (date === undefined) return;
    const skew = Math.max(0, Math.abs(now - date) - DATE_GRAIN_MS);
    const seconds = (skew / 1000).toFixed(1);
    if (skew <= MAX_SKEW_MS) yield ok('clock', 'the clocks of the NameNode and of this machine agree');
    else yield warning('clock', `the NameNode's clock is ${seconds} s off this one`, 'let both keep their time by NTP');
  } catch (error) {
    const fix = 'WebHDFS, fsck and monitoring need it: look at dfs.namenode.http-address';
    yield warning('ports', `its web server does not answer at ${shown}: ${messageOf(error)}`, fix);
  }
}

async function* clusterFindings(options: DoctorOptions): AsyncGenerator<Finding, void, undefined> {
  const { host, configuration, user } = options;
  using admin = new HdfsAdmin(host, configuration, user);
  try {
    const isSafe = await admin.safeMode('get');
    if (!isSafe) yield ok('namenode', 'it takes changes');
    else
      yield warning(
        'namenode',
        'it is in safe mode and takes no changes',
        'wait for reports of enough blocks, or `hdfs dfsadmin -safemode leave`',
      );
    yield* blockFindings(admin);
    try {
      yield* dataNodeFindings(options, admin);
    } catch (error) {
      if (!(error instanceof HdfsError) || error.code !== 'EACCES') throw error;
      yield warning(
        'datanodes',
        'only an administrator may ask which there are',
        'run doctor as one (--user) to have the DataNodes looked at, too',
      );
    }
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    yield failed(
      'namenode',
      `it refuses to answer: ${messageOf(error)}`,
      'look at its log, and at who may ask it (hadoop-policy.xml)',
    );
    return;
  }
  yield* userFindings(options);
}

async function* blockFindings(admin: HdfsAdmin): AsyncGenerator<Finding, void, undefined> {
  const { capacity, used, remaining } = await admin.capacity();
  const share = capacity === 0 ? 1 : 1 - remaining / capacity;
  const room = `${sizeInWords(remaining)} of ${sizeInWords(capacity)} free, ${sizeInWords(used)} used`;
  if (capacity === 0)
    yield failed('disks', 'no DataNode has given room', 'start DataNodes, and look at their dfs.datanode.data.dir');
  else if (share > FULL)
    yield warning('disks', `the cluster is nearly full: ${room}`, 'remove files, empty the trash, or add DataNodes');
  else yield ok('disks', room);
  const blocks = await admin.blockStats();
  if (blocks.missing_blocks > 0) {
    yield failed(
      'blocks',
      `${blocks.missing_blocks} blocks have no replica`,
      'start the DataNodes that hold them; `hdfs fsck / -list-corruptfileblocks` names the files',
    );
  } else yield ok('blocks', 'every block has a replica');
  if (blocks.low_redundancy > 0) {
    yield warning(
      'blocks',
      `${blocks.low_redundancy} blocks have fewer replicas than they should`,
      'wait while they are copied; if it stays so, there are fewer live DataNodes than dfs.replication',
    );
  }
}

/** What the user may do. */
async function* userFindings({ host, configuration, user, path }: DoctorOptions): AsyncGenerator<Finding, void, undefined> {
  const hdfs = await connect({ configuration, host, user });
  try {
    const home = hdfs.homeDirectory;
    const exists = await hdfs.exists(home);
    if (exists) yield ok('permissions', `the home directory ${home} is there`);
    else
      yield warning(
        'permissions',
        `there is no home directory ${home}`,
        `as an administrator: hdfs dfs -mkdir -p ${home}; hdfs dfs -chown ${hdfs.user} ${home}`,
      );
    if (path === undefined) return;
    const status = await hdfs.stat(path);
    if (status.isDirectory())
      yield ok('path', `${path} is a directory that can be seen, with mode ${(status.mode & 0o1777).toString(8)}`);
    else if (status.size === 0) yield ok('path', `${path} is an empty file`);
    else {
      await hdfs.readFile(path, { length: 1 });
      yield ok('path', `${path} can be read`);
    }
  } catch (error) {
    if (!(error instanceof HdfsError)) throw error;
    const shown = path ?? 'the home directory';
    const fix =
      error.code === 'EACCES'
        ? 'ask its owner for the right, or act as another user (--user)'
        : 'see above for what is wrong with its DataNodes';
    yield failed(
      path === undefined ? 'permissions' : 'path',
      `${shown}: ${messageOf(error).split('\n', 1)[0]}`,
      error.code === 'ENOENT' ? 'look at how the path is written' : fix,
    );
  } finally {
    await hdfs.close();
  }
}
