const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1 key`, `2 keys`, `110,248 requests`. */
export function counted(number: number, singular: string, plural = `${singular}s`): string {
  return `${whole.format(number)} ${number === 1 ? singular : plural}`;
}
