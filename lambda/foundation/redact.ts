import { secretShapes } from '../../contract/secret-shapes.ts';

const patterns = secretShapes.map(({ value }) => new RegExp(value, `${value.flags}g`));

/**
 * The finished text without anything that looks like a credential. The second lock, not the first: values are `Secret`s
 * and never get here. Anthropic's own hints (`sk-ant-api03-R2D...igAA`) stay readable.
 */
export function redact(text: string): string {
  return patterns.reduce((clean, pattern) => clean.replace(pattern, '[redacted]'), text);
}
