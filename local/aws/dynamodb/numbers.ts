import { AwsError, notOffered } from '../service.ts';

/** A DynamoDB number has up to 38 significant digits; a double tells the first 17 of them apart. */
const [mostDigits, exactDigits] = [38, 17];

/** The canonical text of a number. Throws ValidationException for what DynamoDB does not take. */
export function normalizeNumber(text: string): string {
  const value = Number(text);
  if (text.trim() === '' || !/^[+-]?[\d.]+(?:[eE][+-]?\d+)?$/.test(text) || Number.isNaN(value)) {
    throw invalid(`The parameter cannot be converted to a numeric value: ${text}`);
  }
  const digits = (text.split(/[eE]/)[0] ?? '').replace(/[-+.]/g, '').replace(/^0+|0+$/g, '');
  if (digits.length > mostDigits) throw invalid(`Attempting to store more than ${mostDigits} significant digits in a Number`);
  if (Math.abs(value) >= 1e126) throw invalid(outOfRange('overflow', 'larger'));
  if (digits !== '' && Math.abs(value) < 1e-130) throw invalid(outOfRange('underflow', 'smaller'));
  if (digits.length > exactDigits) throw notOffered(`numbers of more than ${exactDigits} digits`);
  return Object.is(value, -0) ? '0' : String(value);
}

function outOfRange(what: string, than: string): string {
  return `Number ${what}. Attempting to store a number with magnitude ${than} than supported range`;
}

function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}
