// Apache: NetUtils.getHostNameOfIP, Java's InetAddress.getHostName.
import type { Dns } from './host.ts';

/** What an address is called; one without a name, itself. */
export async function nameOfAddress(dns: Pick<Dns, 'reverse'>, address: string): Promise<string> {
  return (await dns.reverse(address)) ?? address;
}
