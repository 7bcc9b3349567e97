// A file of delegation tokens, as Hadoop's Credentials writes it: the letters HDTS, a version, the tokens by their aliases, and
// secrets, which nothing here asks for. All lengths are Hadoop's variable-length integers. Apache: Credentials, Token,
// AbstractDelegationTokenIdentifier.
import { ProtocolError } from '../base/errors.ts';

const MAGIC = 'HDTS';
const WRITABLE = 0;
/** No file of tokens is larger than what the largest of them could be together. */
const MAX_TOKENS = 100_000;

export interface StoredToken {
  readonly identifier: Uint8Array;
  readonly kind: string;
  /** Address of who takes it. */
  readonly service: string;
}

export interface DelegationTokenIdentifier {
  readonly owner: string;
  readonly renewer: string;
  readonly realUser: string;
  /** Milliseconds since 1970. */
  readonly issueDate: bigint;
  readonly maxDate: bigint;
  readonly sequenceNumber: bigint;
  readonly masterKeyId: bigint;
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (length < 0 || end > this.#bytes.length) throw new ProtocolError('the token ends early');
    const found = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return found;
  }

  byte(): number {
    return this.bytes(1).readInt8(0);
  }

  /** Apache: WritableUtils.readVLong. */
  long(): bigint {
    const first = this.byte();
    if (first >= -112) return BigInt(first);
    const isNegative = first < -120;
    const length = isNegative ? -(first + 120) : -(first + 112);
    let value = 0n;
    for (const digit of this.bytes(length)) value = (value << 8n) | BigInt(digit);
    return isNegative ? ~value : value;
  }

  block(): Buffer {
    const length = this.long();
    if (length > BigInt(this.#bytes.length)) throw new ProtocolError('the token ends early');
    return this.bytes(Number(length));
  }

  text(): string {
    return this.block().toString('utf8');
  }
}

/** Throws ProtocolError. */
export function readTokenFile(content: Uint8Array): readonly StoredToken[] {
  const reader = new Reader(content);
  if (content.length < MAGIC.length || reader.bytes(MAGIC.length).toString('latin1') !== MAGIC) {
    throw new ProtocolError('Bad header found in token storage.');
  }
  const version = reader.byte();
  if (version !== WRITABLE)
    throw new ProtocolError(`version ${version} of token files is not supported; fetchdt writes ${WRITABLE}`);
  const count = reader.long();
  if (count < 0n || count > BigInt(MAX_TOKENS)) throw new ProtocolError(`${count} tokens in one file`);
  return Array.from({ length: Number(count) }, () => {
    reader.text();
    const identifier = reader.block();
    reader.block();
    return { identifier, kind: reader.text(), service: reader.text() };
  });
}

/** Throws ProtocolError. */
export function readDelegationTokenIdentifier(identifier: Uint8Array): DelegationTokenIdentifier {
  const reader = new Reader(identifier);
  const version = reader.byte();
  if (version !== 0) throw new ProtocolError(`Unknown version of delegation token ${version}`);
  const [owner, renewer, realUser] = [reader.text(), reader.text(), reader.text()];
  const [issueDate, maxDate, sequenceNumber, masterKeyId] = [reader.long(), reader.long(), reader.long(), reader.long()];
  return { owner, renewer, realUser, issueDate, maxDate, sequenceNumber, masterKeyId };
}
