// Settings that ask for a protection which is not built yet. A daemon that passed over them would hold data open to everybody
// while its operator believes it guarded, so it does not start.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from './configuration.ts';
import { sourceOf } from './unknown-keys.ts';

/** The values that ask for nothing more than there is; unset is one of them. */
const UNGUARDED: Readonly<Record<string, RegExp>> = {
  'hadoop.security.authentication': /^simple$/i,
  'dfs.block.access.token.enable': /^false$/i,
  'dfs.encrypt.data.transfer': /^false$/i,
  'dfs.http.policy': /^(?:http_only|http_and_https)$/i,
  // Classes that would decide in our place.
  'dfs.namenode.inode.attributes.provider.class': /^$/,
  'hadoop.security.impersonation.provider.class': /^org\.apache\.hadoop\.security\.authorize\.DefaultImpersonationProvider$/,
};
const UNGUARDED_HTTPFS: typeof UNGUARDED = {
  ...UNGUARDED,
  'hadoop.http.authentication.type': /^simple$/i,
  'httpfs.authentication.type': /^simple$/i,
};

/** Throws HdfsError EUNSUPPORTED that names every such setting and where it was made. */
export function refuseProtectionNotBuilt(configuration: Configuration, role: 'daemon' | 'httpfs'): void {
  const asked: string[] = [];
  for (const [name, unguarded] of Object.entries(role === 'httpfs' ? UNGUARDED_HTTPFS : UNGUARDED)) {
    const value = configuration.get(name)?.trim() ?? '';
    if (value !== '' && !unguarded.test(value)) asked.push(`${name} = ${value} (${sourceOf(configuration, name)})`);
  }
  if (asked.length === 0) return;
  throw new HdfsError(
    'EUNSUPPORTED',
    `The configuration asks for a protection that is not built yet: ${asked.join(', ')}. Nothing was started: it would be open ` +
      'to everybody who reaches it. Without these settings it starts, for networks that are closed by other means.',
  );
}
