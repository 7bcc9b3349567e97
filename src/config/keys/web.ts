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
} as const satisfies KeyTable;
