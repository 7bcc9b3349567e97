/** A field as in a file of comma separated values, whatever the delimiter is; line ends are written %x0A. */
export function csvField(text: string): string {
  const quoted = /[,"\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return quoted.includes('\r\n') ? quoted.replaceAll('\r\n', '%x0D%x0A') : quoted.replaceAll('\n', '%x0A');
}
