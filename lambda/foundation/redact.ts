/** What a value that burns looks like, wherever it stands: Anthropic's keys and tokens, Slack's webhook paths, signed tokens. */
const patterns: readonly RegExp[] = [
  /sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]{12,}/g,
  /whsec_[A-Za-z0-9+/=]{8,}/g,
  /hooks\.slack(-gov)?\.com\/[A-Za-z]+\/[A-Za-z0-9/_-]+/g,
  /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /(?<=bearer\s)[A-Za-z0-9._~+/=-]{12,}/gi,
  /(?<=x-api-key["':\s]{1,4})[A-Za-z0-9._~+/=-]{12,}/gi,
];

/**
 * The finished text without anything that looks like a credential. The second lock, not the first: values are `Secret`s
 * and never get here. Anthropic's own hints (`sk-ant-api03-R2D...igAA`) stay readable.
 */
export function redact(text: string): string {
  return patterns.reduce((clean, pattern) => clean.replace(pattern, '[redacted]'), text);
}
