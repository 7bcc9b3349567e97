// Lines of the audit log of a NameNode of either maker, found in its log and masked for comparison.
const APACHE = / FSNamesystem\.audit: (allowed=.*)$/gm;
const OURS = /"component":"audit".*?"(allowed=(?:[^"\\]|\\.)*)"/g;

/** Switches the lines on in Apache's NameNode, which writes none unless it is told to. */
export async function writeAudit(httpPort: number): Promise<void> {
  const logger = 'org.apache.hadoop.hdfs.server.namenode.FSNamesystem.audit';
  const answer = await fetch(`http://127.0.0.1:${httpPort}/logLevel?log=${logger}&level=INFO`);
  if (!answer.ok) throw new Error(`/logLevel answered ${answer.status}`);
}

/** The lines, without addresses and the numbers of inodes. */
export function auditLines(log: string): readonly string[] {
  const apache = [...log.matchAll(APACHE)].map(([, line = '']) => line);
  const ours = [...log.matchAll(OURS)].map(([, line = '']) => JSON.parse(`"${line}"`) as string);
  return [...apache, ...ours].map((line) => line.replace(/\tip=\S+/, '').replace(/(\.inodes\/)\d+/g, '$1ID'));
}

/** Lines that are in `of` more often than in `lines`. */
export function missingIn(lines: readonly string[], of: readonly string[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const line of lines) counts.set(line, (counts.get(line) ?? 0) + 1);
  return of.filter((line) => {
    const left = counts.get(line) ?? 0;
    counts.set(line, left - 1);
    return left <= 0;
  });
}

const LIMIT_MS = 30_000;

/** All lines, once one is there that holds this text. */
export async function linesUpTo(last: string, log: () => string): Promise<readonly string[]> {
  for (const end = Date.now() + LIMIT_MS; ; await new Promise((done) => setTimeout(done, 100))) {
    const lines = auditLines(log());
    if (lines.some((line) => line.includes(last))) return lines;
    if (Date.now() > end) throw new Error(`no line of the audit log has come with ${last}`);
  }
}
