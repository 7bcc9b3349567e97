// The order of a Java HashMap, which shows where Hadoop prints or saves one as it stands.

const LOAD_FACTOR = 0.75;
const FIRST_BUCKETS = 16;

/** Names in the order in which a HashMap, into which they were put one after the other, gives them. */
export function inHashOrder(names: readonly string[]): string[] {
  return hashOrder(names, javaHash, FIRST_BUCKETS);
}

/** `buckets`: of the map when it is made; a power of two. */
export function hashOrder(names: readonly string[], hashOf: (name: string) => number, buckets: number): string[] {
  let size = buckets;
  while (names.length > size * LOAD_FACTOR) size *= 2;
  // Those of one bucket stay as they came: sorting keeps the order of equals.
  return names
    .map((name) => {
      const hash = hashOf(name);
      return { name, bucket: (hash ^ (hash >>> 16)) & (size - 1) };
    })
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ name }) => name);
}

/** Java's String.hashCode. */
export function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
