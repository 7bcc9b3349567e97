// Floating point numbers as Java prints them.

/** Below and from here on Java writes an exponent. */
const SMALL = 1e-3;
const LARGE = 1e7;
/** Digits that tell any two numbers of 32 bits apart. */
const FLOAT_DIGITS = 9;

export function javaDouble(value: number): string {
  return javaText(value, value.toExponential());
}

export function javaFloat(value: number): string {
  for (let digits = 1; digits < FLOAT_DIGITS; digits++) {
    const text = value.toExponential(digits - 1);
    if (Math.fround(Number(text)) === value) return javaText(value, text);
  }
  return javaText(value, value.toExponential(FLOAT_DIGITS - 1));
}

/** `exponential` are its shortest digits, as 1.5e+2. */
function javaText(value: number, exponential: string): string {
  if (Number.isNaN(value)) return 'NaN';
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const size = Math.abs(value);
  if (size === Number.POSITIVE_INFINITY) return `${sign}Infinity`;
  if (size === 0) return `${sign}0.0`;
  const [mantissa = '', power = '0'] = exponential.replace('-', sign === '' ? '-' : '').split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  if (size < SMALL || size >= LARGE) return `${sign}${digits.charAt(0)}.${digits.slice(1) || '0'}E${exponent}`;
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const whole = digits.padEnd(exponent + 1, '0');
  return `${sign}${whole.slice(0, exponent + 1)}.${whole.slice(exponent + 1) || '0'}`;
}
