// Keys of HTTPS, tokens and SASL. What asks for such a protection and would go without is refused in config/protection.ts.
import { bool, duration, int, type KeyTable, list, text } from '../key.ts';

export const HTTPS_KEYS = {
  'dfs.namenode.https-bind-host': text(undefined, 'Local address that it listens on instead.'),
  'dfs.namenode.secondary.https-address': text('0.0.0.0:9869', "Address of the secondary NameNode's secure web server."),
  'dfs.datanode.https.address': text('0.0.0.0:9865', "Address of the DataNode's secure web server."),
  'datanode.https.port': int('50475', 'Its port, under an old name.'),
  'dfs.https.server.keystore.resource': text('ssl-server.xml', 'File with the keys of the servers.'),
  'dfs.client.https.keystore.resource': text('ssl-client.xml', 'File with the keys of clients.'),
  'dfs.client.https.need-auth': bool('false', 'Whether clients have to show a certificate.'),
  'hadoop.ssl.server.conf': text('ssl-server.xml', 'File with the settings of servers.'),
  'hadoop.ssl.client.conf': text('ssl-client.xml', 'File with the settings of clients.'),
  'hadoop.ssl.enabled.protocols': list('TLSv1.2', 'Versions of TLS that are spoken.'),
  'hadoop.ssl.hostname.verifier': text('DEFAULT', 'How the name in a certificate is compared.'),
  'hadoop.ssl.require.client.cert': bool('false', 'Whether clients have to show a certificate.'),
  'hadoop.ssl.keystores.factory.class': text(
    'org.apache.hadoop.security.ssl.FileBasedKeyStoresFactory',
    'Java class that reads keys.',
  ),
  'hadoop.http.sni.host.check.enabled': bool(
    'false',
    'Whether the name that a client asks for is compared with the certificate.',
  ),
  'ssl.server.keystore.location': text(undefined, "File of the server's key."),
  'ssl.server.keystore.password': text(undefined, 'Its password.'),
  'ssl.server.keystore.keypassword': text(undefined, 'Password of the key within.'),
  'ssl.server.truststore.location': text(undefined, 'File of the certificates that a server trusts.'),
  'ssl.server.truststore.password': text(undefined, 'Its password.'),
} as const satisfies KeyTable;

export const TOKENS_KEYS = {
  'dfs.block.access.key.update.interval': int('600', 'Minutes after which keys of block tokens are renewed.'),
  'dfs.block.access.token.lifetime': int('600', 'Minutes for which a block token holds.'),
  'dfs.block.access.token.protobuf.enable': bool('false', 'Whether block tokens are written as protobuf.'),
  'dfs.namenode.delegation.key.update-interval': duration('ms', '86400000', 'How often keys of delegation tokens are renewed.'),
  'dfs.namenode.delegation.token.max-lifetime': duration('ms', '604800000', 'How long a delegation token lives at most.'),
  'dfs.namenode.delegation.token.renew-interval': duration('ms', '86400000', 'How long it holds without being renewed.'),
  'dfs.namenode.delegation.token.always-use': bool('false', 'For tests: whether tokens are given without security.'),
  'hadoop.security.token.service.use_ip': bool('true', 'Whether a token names its service by address rather than by name.'),
  'hadoop.security.secret-manager.key-generator.algorithm': text('HmacSHA1', 'How the keys of tokens are used.'),
  'hadoop.security.secret-manager.key-length': int('64', 'Bits of those keys.'),
  'hadoop.token.files': list(undefined, 'Files of tokens that a client brings.'),
  'hadoop.tokens': list(undefined, 'Tokens that a client brings, in base64.'),
} as const satisfies KeyTable;

export const SASL_KEYS = {
  'hadoop.rpc.protection': list(
    'authentication',
    'How calls are protected with Kerberos or tokens: authentication, integrity, privacy.',
  ),
  'hadoop.security.saslproperties.resolver.class': text(undefined, 'Java class that decides it for each client.'),
  'hadoop.security.sasl.mechanism': text('DIGEST-MD5', 'Mechanism of SASL for tokens.'),
  'hadoop.security.sasl.CustomizedCallbackHandler.class': text(undefined, 'Java class that looks at what clients say in it.'),
  'ipc.client.connect.max.retries.on.sasl': int('5', 'Tries after SASL failed.'),
  'dfs.data.transfer.protection': list(
    undefined,
    'How block data are protected with Kerberos: authentication, integrity, privacy.',
  ),
  'dfs.data.transfer.saslproperties.resolver.class': text(undefined, 'Java class that decides it for each connection.'),
  'dfs.encrypt.data.transfer.algorithm': text(undefined, 'Cipher of encrypted block data: 3des or rc4.'),
  'dfs.encrypt.data.transfer.cipher.suites': text(undefined, 'Cipher that they change to: AES/CTR/NoPadding.'),
  'dfs.encrypt.data.transfer.cipher.key.bitlength': int('128', 'Bits of its keys.'),
  'dfs.encrypt.data.overwrite.downstream.derived.qop': bool(
    'false',
    'Whether the next node of a pipeline is spoken to as the client was.',
  ),
  'dfs.encrypt.data.overwrite.downstream.new.qop': text(undefined, 'How it is spoken to instead.'),
  'dfs.trustedchannel.resolver.class': text(undefined, 'Java class that names connections which need no encryption.'),
  'dfs.namenode.send.qop.enabled': bool('false', 'Whether block tokens say how a client is protected.'),
} as const satisfies KeyTable;
