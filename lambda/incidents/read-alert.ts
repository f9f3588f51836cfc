import { alertSchemaName, type Alert } from '../../contract/alert.ts';
import { incidentKinds } from '../../contract/registry.ts';
import { incidentStates } from '../../contract/records.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { parsedJson } from '../foundation/json.ts';
import { plain } from './message/phrases.ts';

/**
 * The alert that a message on the topic holds, its texts cleaned once more; throws KeyguardError `not-an-alert`, which names the
 * first field that is not as docs/alert.schema.json has it. Fields that it does not know are left out: a version only ever adds some.
 */
export function readAlert(message: unknown): Alert {
  const value: unknown = typeof message === 'string' ? parsedJson(message) : undefined;
  if (!isObject(value)) throw refusal('it is no JSON object');
  const wrong = fieldsOf(value).find(([, , fits]) => !fits);
  if (wrong !== undefined) throw refusal(`${wrong[0]} is ${wrong[1] === undefined ? 'missing' : 'malformed'}`);
  // Each field was looked at above.
  const alert = value as unknown as Alert;
  return {
    schema: alertSchemaName,
    installation: plain(alert.installation),
    incidentId: plain(alert.incidentId),
    kind: alert.kind,
    state: alert.state,
    ...(alert.turn === undefined ? {} : { turn: alert.turn }),
    ...(alert.reminder === undefined ? {} : { reminder: alert.reminder }),
    severity: alert.severity,
    subject: plain(alert.subject),
    title: plain(alert.title),
    summary: plain(alert.summary, lengths.summary),
    actions: alert.actions.map((action) => plain(action, lengths.action)),
    facts: alert.facts.map((fact) => ({ label: plain(fact.label), value: plain(fact.value) })),
    openedAt: alert.openedAt,
    at: alert.at,
    links: alert.links.map(({ label, url }) => ({ label: plain(label), url })),
  };
}

function refusal(why: string): KeyguardError {
  return new KeyguardError(
    'not-an-alert',
    `an SNS message is no ${alertSchemaName} document: ${why}`,
    'publish only what this installation publishes (docs/alert.schema.json)',
  );
}

type Fields = Readonly<Record<string, unknown>>;

const lengths = { installation: 80, incidentId: 120, subject: 80, title: 250, summary: 2500, action: 500, label: 40, value: 300 } as const;

/** Name, value, and whether the value is as the schema has it. */
function fieldsOf(alert: Fields): readonly (readonly [string, unknown, boolean])[] {
  const field = (name: string, fits: (value: unknown) => boolean) => [name, alert[name], fits(alert[name])] as const;
  return [
    field('schema', (value) => value === alertSchemaName),
    field('installation', isLine(lengths.installation)),
    field('incidentId', isLine(lengths.incidentId)),
    field('kind', isOneOf(incidentKinds)),
    field('state', isOneOf(incidentStates)),
    field('turn', isAbsentOrFrom(2)),
    field('reminder', isAbsentOrFrom(1)),
    field('severity', isOneOf(['critical', 'warning', 'info'])),
    field('subject', isLine(lengths.subject)),
    field('title', isLine(lengths.title)),
    field('summary', isLine(lengths.summary)),
    field('actions', isList(10, isLine(lengths.action))),
    field(
      'facts',
      isList(10, (fact) => isObject(fact) && isLine(lengths.label)(fact['label']) && isLine(lengths.value)(fact['value'])),
    ),
    field('openedAt', isInstant),
    field('at', isInstant),
    field(
      'links',
      isList(5, (link) => isObject(link) && isLine(80)(link['label']) && isUrl(link['url'])),
    ),
  ];
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One line that holds nothing like a credential; lengths are in characters, as JSON schema counts them. */
function isLine(limit: number): (value: unknown) => boolean {
  return (value) =>
    typeof value === 'string' &&
    value !== '' &&
    Array.from(value).length <= limit &&
    Array.from(value).every((sign) => sign >= ' ' && sign !== '\u007f') &&
    !/sk-ant-[A-Za-z0-9]+-[A-Za-z0-9_-]{12,}|hooks\.slack\.com\//.test(value);
}

function isOneOf(words: readonly string[]): (value: unknown) => boolean {
  return (value) => words.some((word) => word === value);
}

function isAbsentOrFrom(least: number): (value: unknown) => boolean {
  return (value) => value === undefined || (Number.isInteger(value) && Number(value) >= least);
}

function isList(limit: number, fits: (each: unknown) => boolean): (value: unknown) => boolean {
  return (value) => Array.isArray(value) && value.length <= limit && value.every(fits);
}

function isInstant(value: unknown): boolean {
  return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function isUrl(value: unknown): boolean {
  return typeof value === 'string' && Array.from(value).length <= 2000 && /^https?:\/\/[^\s]+$/.test(value);
}
