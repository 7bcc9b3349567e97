// Small helpers over bytes that several layers share.

const decoder = new TextDecoder('utf-8');

/** UTF-8 text of `bytes`; malformed sequences become U+FFFD, as Java's decoder makes them. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** UTF-8 bytes of `text`, in a buffer of their own. */
export function utf8Bytes(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}

/** The order of names in a directory: lexicographic, by bytes as Java has them, signed. Apache: DFSUtilClient.compareBytes. */
export function compareNames(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const left = a[i] as number;
    const right = b[i] as number;
    if (left !== right) return (left ^ 0x80) - (right ^ 0x80);
  }
  return a.length - b.length;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareNames(a, b) === 0;
}

/** A view of the same memory as a Buffer, without copying. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
