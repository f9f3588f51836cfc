import type { PlainRefutation, Refutation } from '../../contract/causes.ts';
import { poll } from '../foundation/poll.ts';
import type { Secret } from '../foundation/secret.ts';
import type { Clock } from '../foundation/clock.ts';
import { causeText } from '../incidents/message/cause-text.ts';
import { isOver } from './verify-revoked.ts';
import type { ApiKeyInfo, ApiKeys, KeyProbe, ProbeAnswer } from './ports.ts';

/**
 * How long an activation may take to be felt everywhere; no figure is published (platform.claude.com/docs/en/manage-claude/authentication),
 * so poll.
 */
const proofTimes = { deadlineMs: 90_000, beatMs: 3_000 };

/** What the right key must show. */
export interface Expectation {
  readonly apiKeyId: string;
  readonly organizationId: string;
  readonly workspaceId: string;
  /** The key must live at least until then (epoch ms, UTC). */
  readonly aliveUntil: number;
}

export type ProofVerdict =
  | { readonly verdict: 'proven' }
  /** `transient`: nothing was learnt of the key; otherwise both sides contradict each other. `lasting`: waiting alone does not help. */
  | { readonly verdict: 'wait'; readonly cause: Refutation; readonly transient: boolean; readonly lasting?: true }
  | { readonly verdict: 'reject'; readonly cause: Refutation };

/**
 * Right-key proof from both sides: the value answers, and the Admin API shows that same key active, in the expected
 * workspace, expiring late enough. A refusal while the Admin API says active means that the change is not yet effective
 * everywhere: wait, up to the caller's deadline. The response headers name organization and workspace, not on a 401
 * (platform.claude.com/docs/en/manage-claude/workspaces).
 */
export function judgeProof(expected: Expectation, probe: ProbeAnswer, info: ApiKeyInfo | 'gone'): ProofVerdict {
  if (info === 'gone') return reject(endOfKey(info));
  if (info.unclear !== undefined)
    return { verdict: 'wait', cause: { code: 'unclear-fields', apiKeyId: info.apiKeyId, fields: info.unclear }, transient: true };
  if (hasEnded(info)) return reject(endOfKey(info));
  if (info.workspaceId !== expected.workspaceId) {
    return reject({ code: 'other-workspace', workspaceId: info.workspaceId, expected: expected.workspaceId });
  }
  if (info.expiresAt !== null && info.expiresAt < expected.aliveUntil) return reject({ code: 'expires-too-soon' });
  if (info.status !== 'active') return { verdict: 'wait', cause: { code: 'shown-as', status: info.status }, transient: true };
  if (probe.answer === 'unclear') {
    return {
      verdict: 'wait',
      cause: { code: 'unclear-answer', detail: probe.why },
      transient: true,
      ...(probe.lasting === undefined ? {} : { lasting: true }),
    };
  }
  if (probe.answer === 'refused') return contradiction('value-refused');
  // One answer may be somebody else's: what the Admin API shows is a key of ours.
  if (probe.organizationId !== expected.organizationId) return contradiction('value-of-other-organization');
  if (probe.workspaceId !== null && probe.workspaceId !== expected.workspaceId) {
    return contradiction('value-of-other-workspace');
  }
  return { verdict: 'proven' };
}

/** Polls both sides until there is a verdict, or until the deadline: then it is the last `wait`. */
export async function prove(
  expected: Expectation,
  value: Secret,
  ports: { readonly probe: KeyProbe; readonly keys: Pick<ApiKeys, 'retrieve'>; readonly clock: Clock },
): Promise<ProofVerdict> {
  const deadline = ports.clock.now() + proofTimes.deadlineMs;
  const last = await poll(
    async () => judgeProof(expected, await ports.probe.probe(value), await ports.keys.retrieve(expected.apiKeyId)),
    ({ verdict }) => verdict !== 'wait',
    proofTimes,
    ports.clock,
  );
  return last.verdict === 'wait' ? { ...last, cause: { ...last.cause, stillAt: deadline } } : last;
}

/** What Anthropic says of a key in words that this version does not know: nobody knows, and nothing is concluded. @sentence */
export function unclearText(apiKeyId: string, fields: string): string {
  return causeText({ code: 'unclear-fields', apiKeyId, fields });
}

type EndedKey = 'gone' | (ApiKeyInfo & { readonly status: 'archived' | 'expired' });

/** Whether Anthropic never lets a key live again. */
export function hasEnded(info: ApiKeyInfo | 'gone'): info is EndedKey {
  return isOver(info === 'gone' ? info : info.status);
}

export function endOfKey(info: EndedKey): Refutation {
  return info === 'gone' ? { code: 'unknown-to-anthropic' } : { code: 'key-ended', status: info.status };
}

function contradiction(code: PlainRefutation): ProofVerdict {
  return { verdict: 'wait', cause: { code }, transient: false };
}

function reject(cause: Refutation): ProofVerdict {
  return { verdict: 'reject', cause };
}

/** Whether a value may belong to a key with this hint: `sk-ant-api03-R2D...igAA` shows the start and the end. */
export function matchesHint(value: Secret, hint: string | null): boolean {
  const [head, tail] = hint?.split('...') ?? [];
  return head !== undefined && tail !== undefined && head !== '' && tail !== '' && value.isFramedBy(head, tail);
}
