// hdfs --daemon start|stop|status ROLE: daemons in the background, with pid and log files where Apache's scripts put them
// (HADOOP_PID_DIR, HADOOP_LOG_DIR, HADOOP_IDENT_STRING). Apache: hadoop-functions.sh.
import type { Host } from '../../host/host.ts';
import type { Terminal } from '../terminal.ts';

export type DaemonAction = 'start' | 'stop' | 'status';

export interface DaemonRequest {
  /** hdfs or hadoop. */
  readonly command: string;
  readonly action: DaemonAction;
  readonly role: string;
  /** Configuration directory. */
  readonly directory: string | undefined;
  readonly args: readonly string[];
}

const ROLES = ['namenode', 'secondarynamenode', 'datanode', 'httpfs'];
/** How long a daemon may take to end before it is killed. Apache: HADOOP_STOP_TIMEOUT. */
const STOP_SECONDS = 5;
/** A daemon that ends within this time has not started. */
const SETTLE_MS = 1000;
const POLL_MS = 100;

/** Exit codes of `status`, as init scripts have them. */
const RUNNING = 0;
const DEAD = 1;
const NOT_RUNNING = 3;

export async function runDaemon(host: Host, terminal: Terminal, request: DaemonRequest): Promise<number> {
  const { role, action, command } = request;
  if (!ROLES.includes(role)) {
    terminal.stderr.write(`ERROR: ${role} is no daemon of ${command} that is built\n`);
    return 1;
  }
  const { machine } = host;
  const ident = machine.env('HADOOP_IDENT_STRING') ?? machine.userName;
  const pidDirectory = machine.env('HADOOP_PID_DIR') ?? '/tmp';
  const logDirectory = machine.env('HADOOP_LOG_DIR') ?? `${terminal.cwd}/logs`;
  const pidFile = `${pidDirectory}/hadoop-${ident}-${role}.pid`;
  const logFile = `${logDirectory}/hadoop-${ident}-${role}-${machine.hostName}.log`;
  const pid = await pidOf(host, pidFile);
  switch (action) {
    case 'status':
      if (pid === undefined) return NOT_RUNNING;
      return (await isRunning(terminal, pid, role)) ? RUNNING : DEAD;
    case 'stop':
      return stop(host, terminal, role, pid, pidFile);
    case 'start': {
      if (pid !== undefined && (await isRunning(terminal, pid, role))) {
        terminal.stderr.write(
          `${role} is running as process ${pid}.  Stop it first and ensure ${pidFile} file is empty before retry.\n`,
        );
        return 1;
      }
      await host.disk.mkdir(pidDirectory);
      await host.disk.mkdir(logDirectory);
      const words = [...(request.directory === undefined ? [] : ['--config', request.directory]), role, ...request.args];
      const started = terminal.processes.spawn(command, words, logFile, { HADOOP_LOG_DIR: logDirectory });
      await host.disk.writeFileAtomic(pidFile, `${started}\n`);
      for (let waited = 0; waited < SETTLE_MS; waited += POLL_MS) {
        await host.clock.sleep(POLL_MS);
        if (terminal.processes.isAlive(started)) continue;
        terminal.stderr.write(`ERROR: ${role} (process ${started}) ended at once; see ${logFile}\n`);
        return 1;
      }
      return 0;
    }
  }
}

async function stop(host: Host, terminal: Terminal, role: string, pid: number | undefined, pidFile: string): Promise<number> {
  if (pid === undefined) return 0;
  if (!(await isRunning(terminal, pid, role))) {
    terminal.stderr.write(`WARNING: process ${pid} of ${role} is not running; its pid file is removed\n`);
    await host.disk.unlink(pidFile);
    return 0;
  }
  terminal.processes.kill(pid, 'SIGTERM');
  const seconds = Number(host.machine.env('HADOOP_STOP_TIMEOUT') ?? STOP_SECONDS) || STOP_SECONDS;
  const until = host.clock.monotonic() + seconds * 1000;
  while (terminal.processes.isAlive(pid) && host.clock.monotonic() < until) await host.clock.sleep(POLL_MS);
  if (terminal.processes.isAlive(pid)) {
    terminal.stderr.write(`WARNING: ${role} did not stop gracefully after ${seconds} seconds: Trying to kill with kill -9\n`);
    terminal.processes.kill(pid, 'SIGKILL');
    for (let waited = 0; waited < SETTLE_MS && terminal.processes.isAlive(pid); waited += POLL_MS)
      await host.clock.sleep(POLL_MS);
  }
  if (terminal.processes.isAlive(pid)) {
    terminal.stderr.write(`ERROR: Unable to kill ${pid}\n`);
    return 1;
  }
  await host.disk.unlink(pidFile);
  return 0;
}

async function pidOf(host: Host, pidFile: string): Promise<number | undefined> {
  if (!(await host.disk.exists(pidFile))) return undefined;
  const pid = Number((await host.disk.readFile(pidFile)).toString('utf8').trim());
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

/** A pid counts only while it is the daemon's: the number may have gone to another process since. */
async function isRunning(terminal: Terminal, pid: number, role: string): Promise<boolean> {
  if (!terminal.processes.isAlive(pid)) return false;
  const words = await terminal.processes.commandLine(pid);
  return words === undefined || words.includes(role);
}
