/** One form for what means the same, so that it may be compared as text from here on. */

/** Copied ids bring blanks along. */
export function trimmed(text: string): string {
  return text.trim();
}

/** No mail system in use tells capitals apart, and SNS answers a second subscription of one mailbox with the first. */
export function canonicalAddress(text: string): string {
  return text.trim().toLowerCase();
}

/** `HTTPS://API.Anthropic.com:443/` is `https://api.anthropic.com`; what is more than an origin is left for the check. */
export function canonicalOrigin(text: string): string {
  const address = text.trim();
  if (!URL.canParse(address)) return address;
  const { href, origin } = new URL(address);
  return href === `${origin}/` ? origin : address;
}
