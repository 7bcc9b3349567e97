// The order of a Java HashMap, in which Hadoop's client keeps attributes.

const LOAD_FACTOR = 0.75;
const FIRST_BUCKETS = 16;

/** The order in which Hadoop's client, which keeps attributes in a Java HashMap, shows them. */
export function inHashOrder(names: readonly string[]): string[] {
  let buckets = FIRST_BUCKETS;
  while (names.length > buckets * LOAD_FACTOR) buckets *= 2;
  const bucketOf = (name: string): number => {
    const hash = javaHash(name);
    return (hash ^ (hash >>> 16)) & (buckets - 1);
  };
  return names
    .map((name) => ({ name, bucket: bucketOf(name) }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ name }) => name);
}

/** Java's String.hashCode. */
function javaHash(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return hash;
}
