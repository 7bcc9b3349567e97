// Keys of the web servers beyond their addresses: WebHDFS, and what browsers may do.
import { bool, int, type KeyTable, list, text } from '../key.ts';

export const WEB_KEYS = {
  'hadoop.proxyservers': list('', 'Web proxies whose X-Forwarded-For header is believed.'),
  'hadoop.http.filter.initializers': list(
    'org.apache.hadoop.http.lib.StaticUserWebFilter',
    'Filters of web servers; HttpCrossOriginFilterInitializer among them lets hadoop.http.cross-origin.* count.',
  ),
  'hadoop.http.logs.enabled': bool('true', 'Whether /logs/ shows the files of HADOOP_LOG_DIR.'),
  'hadoop.security.instrumentation.requires.admin': bool(
    'false',
    'Whether /jmx, /conf and /stacks are for administrators only, where hadoop.security.authorization is on.',
  ),
  'dfs.cluster.administrators': text('', 'Users, a blank, and groups: administrators, who may read /logs/ and /logLevel then.'),
  'httpfs.http.administrators': text('', 'The same of HttpFS.'),
  'hadoop.http.metrics.enabled': bool('true', 'Whether requests of web servers are counted.'),
  'hadoop.http.cross-origin.enabled': bool('false', "Whether pages of other origins may read the web server's answers."),
  'hadoop.http.cross-origin.allowed-origins': list('*', 'Origins that may; * stands for any text, regex: begins a pattern.'),
  'hadoop.http.cross-origin.allowed-methods': list('GET,POST,HEAD', 'HTTP methods that they may use.'),
  'hadoop.http.cross-origin.allowed-headers': list(
    'X-Requested-With,Content-Type,Accept,Origin',
    'Headers that they may send.',
  ),
  'hadoop.http.cross-origin.max-age': text('1800', 'Seconds that a browser may remember what is allowed.'),
  'dfs.webhdfs.user.provider.user.pattern': text('^[A-Za-z_][A-Za-z0-9._-]*[$]?$', 'Names that user.name may give.'),
  'dfs.webhdfs.rest-csrf.enabled': bool('false', 'Whether browsers have to send a header that a foreign page cannot.'),
  'dfs.webhdfs.rest-csrf.custom-header': text('X-XSRF-HEADER', 'That header.'),
  'dfs.webhdfs.rest-csrf.methods-to-ignore': list('GET,OPTIONS,HEAD,TRACE', 'HTTP methods that need no header.'),
  'dfs.webhdfs.rest-csrf.browser-useragents-regex': list('^Mozilla.*,^Opera.*', 'What the User-Agent of a browser looks like.'),
  'httpfs.http.hostname': text('0.0.0.0', 'Address that HttpFS listens on.'),
  'httpfs.http.port': int('14000', 'Port of HttpFS.'),
  'httpfs.access.mode': text('read-write', 'What HttpFS does: read-write, read-only or write-only.'),

  'dfs.xframe.enabled': bool('true', 'Whether answers say which pages may show them in a frame.'),
  'dfs.xframe.value': text('SAMEORIGIN', 'What they say: DENY, SAMEORIGIN or ALLOW-FROM.'),
  'dfs.webhdfs.acl.provider.permission.pattern': text(
    '^(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?(,(default:)?(user|group|mask|other):[[A-Za-z_][A-Za-z0-9._-]]*:([rwx-]{3})?)*$',
    'ACLs that WebHDFS takes.',
  ),
  'dfs.webhdfs.ugi.expire.after.access': int('600000', 'Milliseconds for which a DataNode keeps who asked.'),
  'dfs.web.authentication.simple.anonymous.allowed': bool(
    undefined,
    'An old name of hadoop.http.authentication.simple.anonymous.allowed.',
  ),
  'dfs.web.ugi': text(undefined, 'An old name of hadoop.http.staticuser.user, with groups behind it.'),
  'dfs.default.chunk.view.size': int('32768', 'Bytes that the pages of old showed of a file.'),
  'hadoop.http.jmx.nan-filter.enabled': bool('false', 'Whether /jmx says 0.0 for what is no number.'),
  'hadoop.jetty.logs.serve.aliases': bool('true', 'Whether /logs/ follows symbolic links.'),
  'hadoop.http.authentication.type': text('simple', 'How users of web pages prove who they are.'),
  'hadoop.http.authentication.simple.anonymous.allowed': bool(
    'true',
    'Whether the web servers of NameNodes may be asked without user.name, and without the cookie that was given for it.',
  ),
  'hadoop.http.authentication.token.validity': int('36000', 'Seconds for which the cookie hadoop.auth holds.'),
  'hadoop.http.authentication.signature.secret.file': text(
    `${'$'}{user.home}/hadoop-http-auth-signature-secret`,
    'File of the secret that signs cookies; without it, or when it is empty, one is drawn at the start.',
  ),
  'hadoop.http.authentication.cookie.domain': text('', 'Domain of cookies.'),
  'httpfs.buffer.size': int('4096', 'Bytes of a buffer of HttpFS.'),
} as const satisfies KeyTable;
