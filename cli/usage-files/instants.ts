/** Date, T or a space, time; a zone other than UTC is converted, none is UTC. */
const isoInstant = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(Z|[+-]\d{2}:\d{2})?$/;

/** Epoch ms of an ISO 8601 instant; undefined where it is none. */
export function instantOf(text: string): number | undefined {
  const match = isoInstant.exec(text);
  if (match === null) return undefined;
  const [, date = '', time = '', zone = 'Z'] = match;
  const at = Date.parse(`${date}T${time}${zone}`);
  return Number.isNaN(at) || dayOf(date) === undefined ? undefined : at;
}

/** The same, or a day, which is its first instant in UTC. */
export function dayOrInstantOf(text: string): number | undefined {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) ? dayOf(text) : instantOf(text);
}

function dayOf(date: string): number | undefined {
  const day = Date.parse(`${date}T00:00:00Z`);
  // Date.parse takes 31 February for 3 March.
  return Number.isNaN(day) || new Date(day).toISOString().slice(0, 10) !== date ? undefined : day;
}
