// One line of the audit log, in the form of FSNamesystem's default logger: operators' scripts cut it at its tabs. Whatever a
// client sends is escaped as Java source, so that no name or context can forge a line.
export interface AuditEvent {
  readonly allowed: boolean;
  readonly user: string;
  readonly realUser: string | undefined;
  readonly address: string;
  readonly cmd: string;
  readonly src: string | undefined;
  readonly dst: string | undefined;
  /** Of what the operation left. */
  readonly status: { readonly owner: string; readonly group: string; readonly mode: number } | undefined;
  /** `rpc`, `webhdfs` or `null`. */
  readonly protocol: string;
  readonly callerContext: { readonly context: string; readonly signature?: Uint8Array | undefined } | undefined;
}

export interface LineOptions {
  /** hadoop.caller.context.enabled, .max.size and .signature.max.size. */
  contexts: boolean;
  readonly maxContext: number;
  readonly maxSignature: number;
  /** dfs.namenode.audit.log.token.tracking.id. */
  readonly trackingId: boolean;
}

const NEEDS_ESCAPE = /[^\x20\x21\x23-\x5b\x5d-\x7f]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
};

/** Apache Commons' StringEscapeUtils.escapeJava. */
export function escapeJava(text: string): string {
  return text.replace(
    NEEDS_ESCAPE,
    (unit) => SHORT[unit] ?? `\\u${unit.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`,
  );
}

const ACTIONS = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'] as const;

/** `rwxr-x--t`. Apache: FsPermission.toString. */
export function permissionText(mode: number): string {
  const text = `${ACTIONS[(mode >> 6) & 7]}${ACTIONS[(mode >> 3) & 7]}${ACTIONS[mode & 7]}`;
  if ((mode & 0o1000) === 0) return text;
  return `${text.slice(0, 8)}${(mode & 1) === 1 ? 't' : 'T'}`;
}

/** Apache: UserGroupInformation.toString. */
const userText = (user: string, realUser: string | undefined): string =>
  realUser === undefined ? `${user} (auth:SIMPLE)` : `${user} (auth:PROXY) via ${realUser} (auth:SIMPLE)`;

const pathText = (path: string | undefined): string => (path === undefined ? 'null' : escapeJava(path));

export function auditLine(event: AuditEvent, options: LineOptions): string {
  const { status, callerContext } = event;
  const perm = status === undefined ? 'null' : `${status.owner}:${status.group}:${permissionText(status.mode)}`;
  let line =
    `allowed=${event.allowed}\tugi=${escapeJava(userText(event.user, event.realUser))}\tip=/${event.address}\t` +
    `cmd=${event.cmd}\tsrc=${pathText(event.src)}\tdst=${pathText(event.dst)}\tperm=${perm}`;
  if (options.trackingId) line += '\ttrackingId=null';
  line += `\tproto=${event.protocol}`;
  if (options.contexts && callerContext !== undefined && callerContext.context !== '') {
    line += `\tcallerContext=${escapeJava(callerContext.context).slice(0, options.maxContext)}`;
    const { signature } = callerContext;
    if (signature !== undefined && signature.length > 0 && signature.length <= options.maxSignature) {
      line += `:${escapeJava(Buffer.from(signature).toString('utf8'))}`;
    }
  }
  return line;
}
