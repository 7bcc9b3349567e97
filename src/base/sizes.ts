// Numbers as Hadoop's shell prints them with -h. Apache: StringUtils.TraditionalBinaryPrefix.long2String, formatPercent.

const SYMBOLS = ['K', 'M', 'G', 'T', 'P', 'E'];

/** 1.5 K, 128 M, 10; so many decimal places unless it divides exactly. With a unit: 1.50 KB, 10 B. */
export function binaryPrefix(value: number, places = 1, unitName = ''): string {
  const sign = value < 0 ? '-' : '';
  const magnitude = Math.abs(value);
  if (magnitude < 1024) return `${sign}${magnitude}${unitName === '' ? '' : ` ${unitName}`}`;
  let power = 0;
  while (power < SYMBOLS.length && magnitude >= 1024 ** (power + 1)) power++;
  const unit = 1024 ** power;
  if (magnitude % unit === 0) return `${sign}${magnitude / unit} ${SYMBOLS[power - 1]}${unitName}`;
  let text = (magnitude / unit).toFixed(places);
  if (text.startsWith('1024') && power < SYMBOLS.length) {
    power++;
    text = (magnitude / 1024 ** power).toFixed(places);
  }
  return `${sign}${text} ${SYMBOLS[power - 1]}${unitName}`;
}

/** Whole per cent, rounded half up; NaN as Java prints it. */
export function percent(part: number, whole: number): string {
  if (whole === 0) return part === 0 ? 'NaN%' : 'Infinity%';
  return `${Math.round((part / whole) * 100)}%`;
}
