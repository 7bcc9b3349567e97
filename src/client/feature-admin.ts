// What a NameNode says of features that few clusters use: cache pools, encryption zones. Only the questions: what changes
// them is not built.
import { HdfsError } from '../base/errors.ts';
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import { ReencryptionStateProtoNames } from '../wire/messages/encryption.ts';
import {
  type CipherSuiteProto,
  CipherSuiteProtoNames,
  type CryptoProtocolVersionProto,
  CryptoProtocolVersionProtoNames,
} from '../wire/messages/hdfs.ts';
import { configuredNameNode } from './caller.ts';
import type { NameNode } from './namenode.ts';

export interface CacheStats {
  /** Bytes. */
  readonly bytesNeeded: number;
  readonly bytesCached: number;
  readonly filesNeeded: number;
  readonly filesCached: number;
}

export interface CachePool {
  readonly name: string;
  readonly owner: string | undefined;
  readonly group: string | undefined;
  readonly mode: number | undefined;
  /** Bytes; Java's largest long where there is no limit. */
  readonly limit: bigint | undefined;
  /** Milliseconds. */
  readonly maxRelativeExpiry: bigint | undefined;
  readonly defaultReplication: number;
  readonly stats: CacheStats & { readonly bytesOverlimit: number };
}

export interface CacheDirective {
  readonly id: number;
  readonly path: string;
  readonly pool: string;
  readonly replication: number;
  /** Milliseconds: from its making, or since 1970. */
  readonly expiration: { readonly millis: bigint; readonly isRelative: boolean };
  readonly stats: CacheStats;
}

export interface CacheDirectiveFilter {
  readonly path?: string | undefined;
  readonly pool?: string | undefined;
  readonly id?: number | undefined;
}

export interface EncryptionZone {
  readonly id: number;
  readonly path: string;
  readonly keyName: string;
}

export interface Reencryption {
  readonly id: number;
  readonly path: string;
  readonly state: string;
  readonly keyVersion: string;
  /** Milliseconds since 1970; 0 where it has not ended. */
  readonly submittedMs: number;
  readonly completedMs: number;
  readonly isCanceled: boolean;
  readonly files: number;
  readonly failures: number;
  readonly lastFile: string | undefined;
}

export interface FileEncryption {
  readonly suite: string;
  readonly protocolVersion: string;
  /** Hexadecimal digits. */
  readonly key: string;
  readonly iv: string;
  readonly keyName: string;
  readonly keyVersion: string;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** As CipherSuite and CryptoProtocolVersion print themselves in Java. */
const suiteText = (suite: CipherSuiteProto): string =>
  `{name: ${(CipherSuiteProtoNames[suite] ?? 'Unknown').replace('_CTR_NOPADDING', '/CTR/NoPadding')}, algorithmBlockSize: 16}`;
const versionText = (version: CryptoProtocolVersionProto): string =>
  CryptoProtocolVersionProtoNames[version] === 'ENCRYPTION_ZONES'
    ? "CryptoProtocolVersion{description='Encryption zones', version=2, unknownValue=null}"
    : "CryptoProtocolVersion{description='Unknown', version=1, unknownValue=null}";

export class FeatureAdmin implements Disposable {
  readonly #namenode: NameNode;
  readonly #closing = new AbortController();

  constructor(host: Host, configuration: Configuration, user?: string) {
    this.#namenode = configuredNameNode(host, configuration, user, this.#closing.signal);
  }

  async *cachePools(): AsyncGenerator<CachePool, void, undefined> {
    for (let prevPoolName = ''; ; ) {
      const { entries, hasMore } = await this.#namenode.call('listCachePools', { prevPoolName });
      for (const { info, stats } of entries) {
        const { poolName = '', ownerName, groupName, mode, limit, maxRelativeExpiry, defaultReplication } = info;
        const pool = { name: poolName, owner: ownerName, group: groupName, mode, limit, maxRelativeExpiry };
        yield { ...pool, defaultReplication, stats };
      }
      const last = entries.at(-1);
      if (!hasMore || last === undefined) return;
      prevPoolName = last.info.poolName ?? '';
    }
  }

  /** Those that fit `filter`: its path, its pool, its id. */
  async *cacheDirectives(filter: CacheDirectiveFilter): AsyncGenerator<CacheDirective, void, undefined> {
    for (let prevId = 0; ; ) {
      const { elements, hasMore } = await this.#namenode.call('listCacheDirectives', { prevId, filter });
      for (const { info, stats } of elements) {
        const { id = 0, path = '', pool = '', replication = 0, expiration } = info;
        yield { id, path, pool, replication, expiration: expiration ?? { millis: 0n, isRelative: false }, stats };
      }
      const last = elements.at(-1);
      if (!hasMore || last === undefined) return;
      prevId = last.info.id ?? 0;
    }
  }

  async *encryptionZones(): AsyncGenerator<EncryptionZone, void, undefined> {
    for (let id = 0; ; ) {
      const { zones, hasMore } = await this.#namenode.call('listEncryptionZones', { id });
      yield* zones;
      const last = zones.at(-1);
      if (!hasMore || last === undefined) return;
      id = last.id;
    }
  }

  async *reencryptions(): AsyncGenerator<Reencryption, void, undefined> {
    for (let id = 0; ; ) {
      const { statuses, hasMore } = await this.#namenode.call('listReencryptionStatus', { id });
      for (const status of statuses) {
        yield {
          id: status.id,
          path: status.path,
          state: ReencryptionStateProtoNames[status.state] ?? '',
          keyVersion: status.ezKeyVersionName,
          submittedMs: status.submissionTime,
          completedMs: status.completionTime ?? 0,
          isCanceled: status.canceled,
          files: status.numReencrypted,
          failures: status.numFailures,
          lastFile: status.lastFile,
        };
      }
      const last = statuses.at(-1);
      if (!hasMore || last === undefined) return;
      id = last.id;
    }
  }

  /** Undefined for what is not encrypted. Rejects with HdfsError ENOENT where there is nothing. */
  async encryptionOf(path: string): Promise<FileEncryption | undefined> {
    const { fs } = await this.#namenode.call('getFileInfo', { src: path });
    if (fs === undefined) throw new HdfsError('ENOENT', `File does not exist: ${path}`, { path });
    const info = fs.fileEncryptionInfo;
    if (info === undefined) return undefined;
    return {
      suite: suiteText(info.suite),
      protocolVersion: versionText(info.cryptoProtocolVersion),
      key: hex(info.key),
      iv: hex(info.iv),
      keyName: info.keyName,
      keyVersion: info.ezKeyVersionName,
    };
  }

  close(): void {
    this.#closing.abort();
    this.#namenode.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
