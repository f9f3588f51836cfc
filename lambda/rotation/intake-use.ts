import type { LastUseRecord } from '../../contract/records.ts';
import { dayMs, hourMs, minuteMs, utcMinute } from '../foundation/clock.ts';
import { counted } from '../foundation/counted.ts';
import { KeyguardError } from '../foundation/errors.ts';
import type { ApiKeyInfo, UsageEvidence } from './ports.ts';

/** So far back a key's usage is looked at before it is deactivated: a job that runs once a week is seen. */
const lookBackMs = 7 * dayMs;
/**
 * For so long a key may have been out of sight and is taken in all the same, and the operator reads up to when use could be seen: usage
 * settles within half an hour, and whoever has just made a key knows who has it.
 */
const unseenMs = hourMs;

/** Tokens of one API key in one bucket of the usage report. */
export interface KeyUse {
  /** Start of the bucket (epoch ms, UTC). */
  readonly at: number;
  readonly bucket: 'minute' | 'hour';
  /** Null: the default workspace. */
  readonly workspaceId: string | null;
  readonly model: string | null;
  readonly tokens: number;
}

export interface RecentUse {
  /** What Anthropic's usage report shows of one API key from `from` on. Complete, or it throws. */
  reported(apiKeyId: string, from: number): Promise<readonly KeyUse[]>;
  /** What our own collector saw of it last. */
  lastUse(apiKeyId: string): Promise<LastUseRecord | undefined>;
  /** Why nobody can tell whether keys are used now, where people were told of that. */
  blindBecause(): Promise<string | undefined>;
}

export interface IntakeUsePorts {
  readonly recentUse: RecentUse;
  readonly usage: Pick<UsageEvidence, 'knownUntil'>;
}

/** An API key is in use, or nobody can tell. */
export class UseFound extends KeyguardError {
  /** What was found, without what follows from it. */
  readonly found: string;

  constructor(code: 'key-in-use' | 'usage-unknown', what: string, because: string, fix: string) {
    super(code, `${what}, so it was neither stored nor deactivated: ${because}`, fix);
    this.found = `${what}: ${because}`;
  }
}

/**
 * Why an API key must not be deactivated without a question: it was used in the last days, or nobody can tell. Undefined where
 * neither is so. Silence counts as far as it does for an old key, up to the last tokens of anybody: a report that stands still shows
 * none of a key in use.
 */
export async function useBeforeIntake(
  { apiKeyId, createdAt }: Pick<ApiKeyInfo, 'apiKeyId' | 'createdAt'>,
  name: string,
  { recentUse, usage }: IntakeUsePorts,
  now: number,
): Promise<UseFound | undefined> {
  const from = now - lookBackMs;
  let reported: readonly KeyUse[];
  try {
    reported = await recentUse.reported(apiKeyId, from);
  } catch (error) {
    if (!(error instanceof KeyguardError)) throw error;
    return unknown(apiKeyId, error.message, 'try again when usage can be read', name);
  }
  const seen = await recentUse.lastUse(apiKeyId);
  const uses = [...reported, ...(seen === undefined || seen.at < from ? [] : [{ ...seen, bucket: 'minute' } as const])];
  if (uses.length > 0) return inUse(apiKeyId, name, uses, reported);
  const blind = await recentUse.blindBecause();
  if (blind !== undefined) return unknown(apiKeyId, blind, 'try again when usage can be read', name);
  const knownUntil = await usage.knownUntil();
  if (now - Math.max(knownUntil, createdAt ?? 0) <= unseenMs) return undefined;
  const visible = knownUntil === 0 ? 'were ever visible' : `are visible since ${utcMinute(knownUntil)}`;
  const made = createdAt === undefined ? 'and nobody knows when the key was made' : `and the key was made ${utcMinute(createdAt)}`;
  return unknown(
    apiKeyId,
    `no tokens of anybody in the organization ${visible}, ${made}`,
    'make a new key in the Claude Console and add it within the hour, or try again when tokens of somebody are visible',
    name,
  );
}

function unknown(apiKeyId: string, why: string, fix: string, name: string): UseFound {
  return new UseFound(
    'usage-unknown',
    `whether ${apiKeyId} is used is not known`,
    why,
    `${fix}; if you know that nobody uses the key: npx --no-install keyguard standby add ${name} --in-use`,
  );
}

function inUse(apiKeyId: string, name: string, uses: readonly KeyUse[], reported: readonly KeyUse[]): UseFound {
  const tokens = reported.reduce((sum, use) => sum + use.tokens, 0);
  const amount = reported.length === 0 ? 'our own records show usage' : counted(tokens, 'token');
  const workspaces = listed(uses.map(({ workspaceId }) => workspaceId ?? 'the default workspace'));
  const models = listed(uses.map(({ model }) => model ?? 'an unknown model'));
  return new UseFound(
    'key-in-use',
    `${apiKeyId} is in use`,
    `${amount} in the last 7 days in ${workspaces}, with ${models}; ${lastText(uses)}`,
    `make another key in the Claude Console for the pool. To store and deactivate this one all the same, so that whoever uses it is refused from then on: npx --no-install keyguard standby add ${name} --in-use`,
  );
}

function lastText(uses: readonly KeyUse[]): string {
  // Where the end of an hour is not known to the minute, a minute in it says more.
  const end = ({ at, bucket }: KeyUse): number => at + (bucket === 'hour' ? hourMs : minuteMs);
  const last = [...uses].sort((a, b) => end(b) - end(a))[0];
  if (last === undefined) return 'when is not known';
  return last.bucket === 'minute' ? `last used ${utcMinute(last.at)}` : `last used in the hour that began ${utcMinute(last.at)}`;
}

function listed(words: readonly string[]): string {
  return [...new Set(words)].sort().join(', ');
}
