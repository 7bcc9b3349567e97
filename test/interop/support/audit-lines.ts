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
