// If these fail, a cluster that its operator set up for Kerberos, tokens or encryption serves everybody without a word.
import { expect, test } from 'vitest';
import { Configuration } from './configuration.ts';
import { refuseProtectionNotBuilt } from './protection.ts';

const refusing = (values: Readonly<Record<string, string>>, role: 'daemon' | 'httpfs' = 'daemon') => {
  const configuration = Configuration.of(values);
  return () => refuseProtectionNotBuilt(configuration, role);
};

test('nothing set, and what is set to what there is, starts', () => {
  expect(refusing({})).not.toThrow();
  expect(
    refusing({
      'hadoop.security.authentication': ' Simple ',
      'dfs.block.access.token.enable': 'false',
      'dfs.http.policy': 'HTTP_AND_HTTPS',
    }),
  ).not.toThrow();
});

test.each([
  ['hadoop.security.authentication', 'kerberos'],
  ['hadoop.security.authentication', 'token'],
  ['dfs.block.access.token.enable', 'true'],
  ['dfs.encrypt.data.transfer', 'TRUE'],
  ['dfs.http.policy', 'HTTPS_ONLY'],
  ['dfs.namenode.inode.attributes.provider.class', 'org.apache.ranger.X'],
  ['hadoop.security.impersonation.provider.class', 'com.example.Lenient'],
])('%s = %s stops the start and is named', (name, value) => {
  expect(refusing({ [name]: value })).toThrow(`${name} = ${value} (command line)`);
});

test('an HttpFS that should ask who its callers are does not start', () => {
  expect(refusing({ 'httpfs.authentication.type': 'kerberos' }, 'httpfs')).toThrow('httpfs.authentication.type = kerberos');
  expect(refusing({ 'httpfs.authentication.type': 'kerberos' })).not.toThrow();
});
