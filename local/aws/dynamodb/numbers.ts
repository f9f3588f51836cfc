import { AwsError } from '../service.ts';

/** A DynamoDB number: `coefficient × 10^exponent`, up to 38 significant digits, exact. */
interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

/** The canonical text of a number, as DynamoDB gives it back. Throws ValidationException. */
export function normalizeNumber(text: string): string {
  // By far the most common case, and already canonical.
  if (/^(?:0|-?[1-9]\d{0,14})$/.test(text)) return text;
  return format(parse(text));
}

/** Exact sum of two numbers in text form. */
export function addNumbers(a: string, b: string): string {
  return format(sum(parse(a), parse(b)));
}

/** Exact difference. */
export function subtractNumbers(a: string, b: string): string {
  const right = parse(b);
  return format(sum(parse(a), { coefficient: -right.coefficient, exponent: right.exponent }));
}

/** Negative, zero or positive, as for sort. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (a.length < 16 && b.length < 16 && /^-?\d+$/.test(a) && /^-?\d+$/.test(b)) return Number(a) - Number(b);
  const difference = raw(parse(a), negate(parse(b))).coefficient;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function parse(text: string): Decimal {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  const digits = `${match?.[2] ?? ''}${match?.[3] ?? ''}`;
  if (match === null || digits === '') {
    throw new AwsError('ValidationException', `The parameter cannot be converted to a numeric value: ${text}`);
  }
  const magnitude = BigInt(digits);
  return canonical({
    coefficient: match[1] === '-' ? -magnitude : magnitude,
    exponent: Number(match[4] ?? 0) - (match[3]?.length ?? 0),
  });
}

function negate({ coefficient, exponent }: Decimal): Decimal {
  return { coefficient: -coefficient, exponent };
}

function raw(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  return {
    coefficient: a.coefficient * 10n ** BigInt(a.exponent - exponent) + b.coefficient * 10n ** BigInt(b.exponent - exponent),
    exponent,
  };
}

function sum(a: Decimal, b: Decimal): Decimal {
  return canonical(raw(a, b));
}

/** Without trailing zeros, and within the limits of the type. */
function canonical({ coefficient, exponent }: Decimal): Decimal {
  if (coefficient === 0n) return { coefficient: 0n, exponent: 0 };
  let text = coefficient.toString();
  const zeros = /0*$/.exec(text)?.[0].length ?? 0;
  if (zeros > 0) text = text.slice(0, -zeros);
  const digits = text.replace('-', '').length;
  const power = exponent + zeros;
  if (digits > 38) throw new AwsError('ValidationException', 'Attempting to store more than 38 significant digits in a Number');
  const leading = power + digits - 1;
  if (leading > 125)
    throw new AwsError('ValidationException', 'Number overflow. Attempting to store a number with magnitude larger than supported range');
  if (leading < -130)
    throw new AwsError('ValidationException', 'Number underflow. Attempting to store a number with magnitude smaller than supported range');
  return { coefficient: BigInt(text), exponent: power };
}

function format({ coefficient, exponent }: Decimal): string {
  const sign = coefficient < 0n ? '-' : '';
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString();
  if (exponent >= 0) return `${sign}${digits}${'0'.repeat(exponent)}`;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}
