import { minuteMs } from '../foundation/clock.ts';
import { briefly, LostRace } from '../foundation/errors.ts';
import { conditionsOf, leftActive, type Snapshot } from './conditions.ts';
import { isProvenDead, isListCaughtUp, isShownDead, witnessesIn } from './dead-key.ts';
import { knownWithoutAnthropic, watchedKinds, type ApiKeyInfo, type Condition, type RetirementPorts } from './ports.ts';
import { isRevoked } from './lifecycle.ts';
import { startDueRotation } from './start-due-rotation.ts';
import { recordSwitch } from './record-switch.ts';
import { reconcileKey, type OwedProof, type RetirementTally } from './reconcile.ts';

/** How often this runs. */
const beatMs = 5 * minuteMs;

/**
 * Every five minutes: draining keys whose grace is over by evidence become inactive and are proven dead, inactive keys whose
 * undo period is over are archived, half-done switches are recorded, abandoned claims go back to where they came from, no
 * standby key stays active, rotations that should go on are started, and people are told what they must know. One key's
 * failure does not hold up the others, and is told to `failed`.
 */
export async function runRetirement(ports: RetirementPorts, failed: (what: string) => void = () => undefined): Promise<RetirementTally> {
  const tally: RetirementTally = { retired: 0, archived: 0, returned: 0, putToSleep: 0, waiting: 0, resumed: 0, failed: 0 };
  const attempt = async (what: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (error) {
      // Whoever won the race goes on with the key.
      if (error instanceof LostRace) return false;
      tally.failed += 1;
      const why = briefly(error);
      ports.log.warn('retirement.failed', { what, error: why });
      failed(`${what}: ${why}`);
      return false;
    }
  };

  const definitions = await ports.directory.all();
  const secrets = new Map<string, Snapshot['secret']>();
  for (const definition of definitions) {
    await attempt(definition.name, async () => {
      secrets.set(definition.name, await recordSwitch(definition, ports, 'retirement'));
    });
  }

  // Without Anthropic nothing is done to a key; what is known without it people are told all the same.
  const infos = new Map<string, ApiKeyInfo>();
  const isListed = await attempt('the list of API keys', async () => {
    for (const info of await ports.keys.list()) infos.set(info.apiKeyId, info);
  });
  // In this order: until then, every use is among those that are read next.
  const usageKnownUntil = await ports.usage.knownUntil();
  const lastUses = new Map((await ports.usage.lastUses()).map((use) => [use.apiKeyId, use]));
  const pauses = new Map((await ports.pauses.all()).map((pause) => [pause.managedKey, pause]));
  const activeAt = await ports.sightings.read();
  const failedRotations = await ports.watch.failedRotations();
  const records = await ports.ledger.all();

  const now = ports.clock.now();
  const refused = new Set<string>();
  const snapshots = definitions.flatMap((definition): readonly Snapshot[] => {
    const secret = secrets.get(definition.name);
    if (secret === undefined) return [];
    const own = records.filter((record) => record.managedKey === definition.name);
    const pause = pauses.get(definition.name);
    return [{ definition, own, secret, pause, infos, lastUses, activeAt, refused, usageKnownUntil, now }];
  });
  const unproven = isListed ? await lookAgain(snapshots, infos, refused, attempt, ports) : new Set<string>();
  if (isListed) {
    await attempt('which current keys are active', () => ports.sightings.write(seenActive(snapshots)));
  }
  // Before anything is mended: what people must know is what was found.
  const kinds = isListed ? watchedKinds : knownWithoutAnthropic;
  const orphans = isListed ? leftActive(records, definitions, infos) : [];
  const conditions = [
    ...orphans,
    ...snapshots.flatMap((snapshot) => [...conditionsOf(snapshot, kinds), ...(isListed ? [] : knownLosses(snapshot))]),
  ];
  const isUnproven = ({ own }: Snapshot): boolean => own.some(({ apiKeyId }) => unproven.has(apiKeyId));
  const left = new Set([
    ...definitions.map(({ name }) => name).filter((name) => !secrets.has(name)),
    ...snapshots.filter(isUnproven).map(({ definition }) => definition.name),
  ]);
  await attempt('what people must know', () => ports.watch.update(conditions, left, kinds));

  const due = isListed ? snapshots.flatMap((snapshot) => snapshot.own.map((record) => ({ record, snapshot }))) : [];
  const emergencies = due.filter(({ record }) => isRevoked(record, now));
  const owed: { readonly apiKeyId: string; readonly proof: OwedProof }[] = [];
  for (const { record, snapshot } of [...emergencies, ...due.filter((each) => !emergencies.includes(each))]) {
    const { apiKeyId } = record;
    await attempt(apiKeyId, async () => {
      const proof = await reconcileKey(record, { ...snapshot, now: ports.clock.now() }, ports, tally);
      if (proof !== undefined) owed.push({ apiKeyId, proof });
    });
  }
  const witnesses = witnessesIn(snapshots);
  for (const snapshot of snapshots) {
    const { name, removed } = snapshot.definition;
    if (removed === true) continue;
    const seen = { ...snapshot, now: ports.clock.now() };
    await attempt(`rotation of ${name}`, () => startDueRotation(seen, failedRotations.get(name), ports, tally, witnesses));
  }
  // Proof of revocation takes up to a minute a key, and a run five: each time another one is the first.
  for (const { apiKeyId, proof } of inTurn(owed, now)) await attempt(apiKeyId, proof);
  return tally;
}

/** Of the current key without Anthropic's list: only what AWS and the records show. That nothing of it is found says nothing. */
function knownLosses(snapshot: Snapshot): readonly Condition[] {
  return conditionsOf(snapshot, ['current-key-dead']).filter(({ facts }) => facts.grade !== 'dead' && facts.grade !== 'replacing');
}

/**
 * The list may be behind: a key that seems to be changed by somebody else is asked for once more before people are told. Of one that is
 * current since a moment ago that may be behind too, so that its own value decides. Where that second look fails, or another organization
 * answers it, nothing is known of the key in this pass: it is neither told nor treated by what the list says. Returns these keys.
 */
async function lookAgain(
  snapshots: readonly Snapshot[],
  infos: Map<string, ApiKeyInfo>,
  refused: Set<string>,
  attempt: (what: string, work: () => Promise<void>) => Promise<boolean>,
  { keys, ...ports }: RetirementPorts,
): Promise<ReadonlySet<string>> {
  const unproven = new Set<string>();
  const found = snapshots.flatMap((snapshot) => conditionsOf(snapshot, ['key-changed', 'current-key-dead']));
  const ids = found.flatMap(({ facts: { apiKeyId, changes } }) => changes?.map((change) => change.apiKeyId) ?? apiKeyId ?? []);
  const fresh = snapshots.flatMap(({ definition, own, now }) =>
    own
      .filter((record) => record.state === 'current' && !isListCaughtUp(record, now) && isShownDead(record, infos))
      .map((record) => ({ record, definition })),
  );
  for (const apiKeyId of new Set([...ids, ...fresh.map(({ record }) => record.apiKeyId)])) {
    const isProven = await attempt(`a second look at ${apiKeyId}`, async () => {
      const info = await keys.retrieve(apiKeyId);
      if (info === 'gone') infos.delete(apiKeyId);
      else infos.set(apiKeyId, info);
    });
    if (isProven) continue;
    unproven.add(apiKeyId);
    infos.set(apiKeyId, unknownOf(apiKeyId));
  }
  for (const { record, definition } of fresh) {
    await attempt(`the value of ${record.apiKeyId}`, async () => {
      if (isShownDead(record, infos) && (await isProvenDead(record, definition, [], ports))) refused.add(record.apiKeyId);
    });
  }
  return unproven;
}

function unknownOf(apiKeyId: string): ApiKeyInfo {
  return { apiKeyId, name: '', status: 'unknown', hint: null, principal: 'unknown', workspaceId: null, expiresAt: null };
}

/** When each current key was last seen active, this pass included; what is no current key any more is forgotten. */
function seenActive(snapshots: readonly Snapshot[]): ReadonlyMap<string, number> {
  return new Map(
    snapshots.flatMap(({ own, infos, activeAt, now }) =>
      own.flatMap(({ apiKeyId, state }): readonly (readonly [string, number])[] => {
        if (state !== 'current') return [];
        const at = infos.get(apiKeyId)?.status === 'active' ? now : activeAt.get(apiKeyId);
        return at === undefined ? [] : [[apiKeyId, at]];
      }),
    ),
  );
}

function inTurn<T>(things: readonly T[], now: number): readonly T[] {
  const first = Math.floor(now / beatMs) % Math.max(things.length, 1);
  return [...things.slice(first), ...things.slice(0, first)];
}
