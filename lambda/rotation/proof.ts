import type { Secret } from '../foundation/secret.ts';
import { iso, type Clock } from '../foundation/clock.ts';
import type { ApiKeyInfo, ApiKeys, KeyProbe, ProbeAnswer } from './ports.ts';

/** How long an activation may take to be felt everywhere; no figure is published (facts-anthropic 1.4), so poll. */
const proofDeadlineMs = 90_000;
const proofBeatMs = 3_000;

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
  | { readonly verdict: 'wait'; readonly because: string; readonly transient: boolean; readonly lasting?: true }
  | { readonly verdict: 'reject'; readonly because: string };

/**
 * Right-key proof from both sides: the value answers, and the Admin API shows that same key active, in the expected
 * workspace, expiring late enough. A refusal while the Admin API says active means that the change is not yet effective
 * everywhere: wait, up to the caller's deadline. Response headers: facts-anthropic 1.7 (absent on 401).
 */
export function judgeProof(expected: Expectation, probe: ProbeAnswer, info: ApiKeyInfo | 'gone'): ProofVerdict {
  if (info === 'gone') return reject('Anthropic knows no such key');
  if (info.unclear !== undefined) return { verdict: 'wait', because: unclearText(info.apiKeyId, info.unclear), transient: true };
  if (info.status === 'archived' || info.status === 'expired') return reject(`the key is ${info.status}`);
  if (info.workspaceId !== expected.workspaceId) {
    return reject(`the key belongs to ${info.workspaceId ?? 'the whole organization'}, expected ${expected.workspaceId}`);
  }
  if (info.expiresAt !== null && info.expiresAt < expected.aliveUntil) return reject('the key expires too soon');
  if (info.status !== 'active') return { verdict: 'wait', because: `Anthropic shows the key as ${info.status}`, transient: true };
  if (probe.answer === 'unclear') {
    return { verdict: 'wait', because: probe.why, transient: true, ...(probe.lasting === undefined ? {} : { lasting: true }) };
  }
  if (probe.answer === 'refused') return contradiction('the value is refused (401) although the key is active');
  // One answer may be somebody else's: what the Admin API shows is a key of ours.
  if (probe.organizationId !== expected.organizationId) return contradiction('the value belongs to another organization');
  if (probe.workspaceId !== null && probe.workspaceId !== expected.workspaceId) {
    return contradiction('the value belongs to another workspace');
  }
  return { verdict: 'proven' };
}

/** Polls both sides until there is a verdict, or until the deadline: then it is the last `wait`. */
export async function prove(
  expected: Expectation,
  value: Secret,
  ports: { readonly probe: KeyProbe; readonly keys: Pick<ApiKeys, 'retrieve'>; readonly clock: Clock },
): Promise<ProofVerdict> {
  const deadline = ports.clock.now() + proofDeadlineMs;
  for (;;) {
    // An answer that was long on its way is none about now.
    const askedAt = ports.clock.now();
    const verdict = judgeProof(expected, await ports.probe.probe(value), await ports.keys.retrieve(expected.apiKeyId));
    if (verdict.verdict !== 'wait') return verdict;
    if (askedAt >= deadline) return { ...verdict, because: `${verdict.because}, still at ${iso(deadline)}` };
    await ports.clock.pause(proofBeatMs);
  }
}

/** What Anthropic says of a key in words that this version does not know: nobody knows, and nothing is concluded. */
export function unclearText(apiKeyId: string, unclear: string): string {
  return `Anthropic's answer about ${apiKeyId} has fields that this version does not understand: ${unclear}`;
}

function contradiction(because: string): ProofVerdict {
  return { verdict: 'wait', because, transient: false };
}

function reject(because: string): ProofVerdict {
  return { verdict: 'reject', because };
}

/** Whether a value may belong to a key with this hint: `sk-ant-api03-R2D...igAA` shows the start and the end. */
export function matchesHint(value: Secret, hint: string | null): boolean {
  const [head, tail] = hint?.split('...') ?? [];
  return head !== undefined && tail !== undefined && head !== '' && tail !== '' && value.isFramedBy(head, tail);
}
