// The audit log: one line for each call that changed or read the namespace, and for each that was not allowed to. Where it
// is off, which is the default as in Hadoop, nothing is paid for it. Which calls those are is observed-calls.ts.
import { HdfsError } from '../../../base/errors.ts';
import { formatUtc } from '../../../base/utc.ts';
import type { Configuration } from '../../../config/configuration.ts';
import { fileStatus } from '../../../core/namespace/queries/file-status.ts';
import type { Host } from '../../../host/host.ts';
import type { RpcCall } from '../../../rpc/service.ts';
import { logDirectory } from '../log-directory.ts';
import type { NameSystem } from '../namesystem.ts';
import { AuditFile } from './file.ts';
import { auditLine, type LineOptions } from './line.ts';
import type { CallObserver } from './observed-calls.ts';

export interface AuditSink {
  write(line: string): void;
  close(): Promise<void>;
}

/** Apache: log4j's pattern %d{ISO8601} %p %c{2}: %m. */
export function stampedLine(message: string, wallMs: number, offsetMinutes: number): string {
  const stamp = formatUtc(wallMs + offsetMinutes * 60_000)
    .replace('T', ' ')
    .replace('.', ',');
  return `${stamp} INFO FSNamesystem.audit: ${message}`;
}

/** Where the lines go, from `hdfs.audit.logger` (LEVEL,APPENDER…); undefined: nowhere. Throws HdfsError EINVAL. */
export function auditSink(host: Host, configuration: Configuration): AuditSink | undefined {
  const given = configuration.get('hdfs.audit.logger') || host.machine.env('HDFS_AUDIT_LOGGER') || 'INFO,NullAppender';
  const [level = '', ...appenders] = given.split(',').map((part) => part.trim());
  if (!/^(ALL|TRACE|DEBUG|INFO)$/i.test(level) || !configuration.getStrings('dfs.namenode.audit.loggers').includes('default')) {
    return undefined;
  }
  const sinks = appenders.flatMap((appender): AuditSink[] => {
    if (/^NullAppender$/i.test(appender)) return [];
    if (/^console$/i.test(appender)) {
      return [{ write: (line) => host.log.log('info', 'audit', line), close: () => Promise.resolve() }];
    }
    if (!/^RFAAUDIT$/i.test(appender)) {
      throw new HdfsError('EINVAL', `hdfs.audit.logger names ${appender}; RFAAUDIT, console and NullAppender are known`);
    }
    const file = new AuditFile(host, {
      path: `${logDirectory(host)}/hdfs-audit.log`,
      maxBytes: configuration.getSize('hdfs.audit.log.maxfilesize'),
      backups: configuration.getInt('hdfs.audit.log.maxbackupindex'),
    });
    const stamped = (line: string): string => {
      const now = host.clock.now();
      return stampedLine(line, now, host.machine.utcOffsetMinutes(now));
    };
    return [{ write: (line) => file.write(stamped(line)), close: () => file.close() }];
  });
  if (sinks.length === 0) return undefined;
  return {
    write: (line) => {
      for (const sink of sinks) sink.write(line);
    },
    close: async () => {
      for (const sink of sinks) await sink.close();
    },
  };
}

export interface AuditOptions {
  readonly line: LineOptions;
  /** dfs.namenode.audit.log.debug.cmdlist: not written at level INFO. */
  readonly silent: ReadonlySet<string>;
  /** dfs.namenode.audit.log.with.remote.port. */
  readonly remotePort: boolean;
  /** Between a context's fields. */
  readonly separator: string;
}

export function auditOptions(configuration: Configuration): AuditOptions {
  return {
    line: {
      contexts: configuration.getBoolean('hadoop.caller.context.enabled'),
      maxContext: configuration.getInt('hadoop.caller.context.max.size'),
      maxSignature: configuration.getInt('hadoop.caller.context.signature.max.size'),
      trackingId: configuration.getBoolean('dfs.namenode.audit.log.token.tracking.id'),
    },
    silent: new Set(configuration.getStrings('dfs.namenode.audit.log.debug.cmdlist')),
    remotePort: configuration.getBoolean('dfs.namenode.audit.log.with.remote.port'),
    separator: contextSeparator(configuration),
  };
}

/** One of its own kind would make the line unreadable. Apache: CallerContext.Builder.checkFieldSeparator. */
function contextSeparator(configuration: Configuration): string {
  const separator = configuration.untrimmed('hadoop.caller.context.separator') || ',';
  if (/[\t\n=]/.test(separator)) throw new HdfsError('EILLEGAL', `Illegal field separator: ${separator}`);
  return separator;
}

/** Apache: CLIENT_PORT_STR of CallerContext. */
function contextOf(call: RpcCall, { remotePort, separator }: AuditOptions): RpcCall['callerContext'] {
  if (!remotePort || call.callerContext?.context.includes('clientPort:') === true) return call.callerContext;
  const port = `clientPort:${call.remote.port}`;
  const context = call.callerContext?.context ?? '';
  return { ...call.callerContext, context: context === '' ? port : `${context}${separator}${port}` };
}

/** What is written down although it is no call of ClientProtocol. */
export interface AuditedCommand {
  /** Whether it was carried out. */
  readonly allowed: boolean;
  readonly user: string;
  readonly address: string;
  readonly cmd: string;
  readonly src: string;
}

/** Writes the line of such a command. Hadoop knows of no protocol by which it came. */
export function commandAudit(sink: AuditSink, options: AuditOptions): (command: AuditedCommand) => void {
  return (command) => {
    if (options.silent.has(command.cmd)) return;
    const event = { ...command, realUser: undefined, dst: undefined, status: undefined };
    sink.write(auditLine({ ...event, protocol: 'null', callerContext: undefined }, options.line));
  };
}

/** Writes a line for each call that it is told of. */
export function auditLines(system: NameSystem, sink: AuditSink, options: AuditOptions): CallObserver {
  const { namespace } = system;

  const statusOf = (path: string | undefined) => {
    if (path === undefined) return undefined;
    try {
      // A link is shown itself.
      const status = fileStatus(namespace, system.root, path, false)?.status;
      return status?.inode === 0 ? undefined : status;
    } catch (error) {
      // Gone again, or never there: the line stands without it.
      if (error instanceof HdfsError) return undefined;
      throw error;
    }
  };

  return (allowed, { cmd, src, dst, shown, status }, call) => {
    if (options.silent.has(cmd)) return;
    const event = {
      allowed,
      user: call.user,
      realUser: call.realUser,
      address: call.remote.host,
      cmd,
      src,
      dst,
      status: allowed ? (status ?? statusOf(shown)) : undefined,
      protocol: call.protocol === 'webhdfs' ? 'webhdfs' : 'rpc',
      callerContext: contextOf(call, options),
    };
    sink.write(auditLine(event, options.line));
  };
}
