import { hourMs } from '../../lambda/foundation/clock.ts';
import type { World } from '../../local/world.ts';
import { isBrokenOffByPause, isPaused, mayBeRevoked, wasPaused, type Decided } from './decisions.ts';
import {
  alerts,
  isOurs,
  labelled,
  pausesIn,
  versionsOf,
  type AlertView,
  type KeyView,
  type LedgerRow,
  type VersionView,
} from './observations.ts';
import type { Report } from './violation.ts';

/** A rotation that failed must have been told, or have come to its end all the same, within this time. */
const patienceMs = 2 * hourMs;

interface Quiescence {
  readonly world: World;
  readonly rows: readonly LedgerRow[];
  readonly secrets: ReadonlyMap<string, readonly VersionView[]>;
  readonly ids: ReadonlyMap<string, string>;
  readonly decided: Decided;
  readonly report: Report;
}

/** What must be so once nothing goes wrong any more and some hours have passed: I3 and I5 at the end. */
export function judgeQuiescence(quiescence: Quiescence): void {
  const { world, rows, report } = quiescence;
  const byId = new Map(rows.map((row) => [row.apiKeyId, row]));
  for (const view of world.anthropic.inspect.keys()) judgeKey(view, byId.get(view.id), report);
  for (const row of rows) judgeRow(row, quiescence);
  for (const name of quiescence.secrets.keys()) judgeSecret(name, quiescence);
  judgeBlame(quiescence);
}

function judgeKey(view: KeyView, row: LedgerRow | undefined, report: Report): void {
  const last = view.history.at(-1);
  const ours = last !== undefined && isOurs(last);
  const { status, id } = view;
  if (row === undefined) {
    // An intake that failed leaves the key as the person made it.
    if (ours) report('I3', `we made it ${status}, and the ledger does not know it`, id);
    return;
  }
  const { state } = row;
  switch (state) {
    case 'current':
    case 'draining':
      if (status !== 'active' && ours) report('I3', `the ledger says ${state}, and we made it ${status}`, id);
      return;
    case 'standby':
      if (status !== 'inactive') report('I3', `it is a standby key, and Anthropic shows it as ${status}`, id);
      return;
    case 'archived':
      if (status !== 'archived') report('I3', `the ledger says archived, and Anthropic shows it as ${status}`, id);
      return;
    case 'inactive':
    case 'contained':
    case 'rejected':
      if (status === 'archived') report('I3', `it is archived, and the ledger still says ${state}`, id);
      if (status === 'active' && ours) report('I3', `the ledger says ${state}, and it is active by our doing`, id);
      if (status === 'active' && state === 'rejected') report('I3', 'it was rejected, and is active', id);
      return;
    default:
      return;
  }
}

function judgeRow(row: LedgerRow, { world, secrets, ids, decided, report }: Quiescence): void {
  const { apiKeyId, managedKey, state, token } = row;
  const versions = secrets.get(managedKey) ?? [];
  const labels = versions.find((version) => version.versionId === token)?.labels ?? [];
  if (row.intent !== undefined) report('I3', `its intent to become ${row.intent} was never carried out`, apiKeyId);
  if (row.undoRequestedAt !== undefined && world.clock.now() - row.undoRequestedAt > patienceMs) {
    report('I3', 'an operator asked for it back, and it was neither brought back nor was the request withdrawn', apiKeyId);
  }
  const isLost = row.revokeRequestedAt !== undefined && world.clock.now() - row.revokeRequestedAt > patienceMs;
  if (isLost && toldOf('rotation-failed', managedKey, world).at(-1)?.state !== 'open') {
    report('I5', `an emergency is to revoke it, it is ${state}, and nobody was told`, apiKeyId);
  }
  if (state === 'pending' && !labels.includes('AWSPENDING')) report('I3', 'it is claimed, and its rotation is over', apiKeyId);
  const current = labelled(versions, 'AWSCURRENT');
  if (state === 'current' && current?.holds !== 'foreign' && !labels.includes('AWSCURRENT')) {
    report('I3', 'the ledger says current, and AWSCURRENT is on another version', apiKeyId);
  }
  // The last credential was cut off, as the policy has it: nothing has taken its place.
  const { lastCredential } = world.definition(managedKey).containment;
  const isCutOff = state === 'contained' && lastCredential === 'cut' && mayBeRevoked(decided, apiKeyId, world.clock.now());
  if (state !== 'current' && !isCutOff && current?.holds === apiKeyId && current.versionId === token) {
    report('I3', `AWSCURRENT holds it, and the ledger says ${state}`, apiKeyId);
  }
  if (state !== 'standby') return;
  const stored = versionsOf(world, world.definition(managedKey).standbySecretArn, ids).find(
    (version) => version.versionId === row.standbyVersionId,
  );
  if (stored?.holds !== apiKeyId)
    report('I3', `it is a standby key, and the version that should hold its value holds ${stored?.holds ?? 'nothing'}`, apiKeyId);
  else if (stored.labels.length === 0)
    report('I3', 'the version that holds its value has no label: Secrets Manager may delete it', apiKeyId);
}

function toldOf(kind: string, subject: string, world: World): readonly AlertView[] {
  return alerts(world).filter((alert) => alert.subject === subject && alert.kind === kind);
}

/** Nobody but us changed anything at Anthropic, and nobody wrote a secret: then people must not be told that somebody did. */
function judgeBlame({ world, decided, report }: Quiescence): void {
  const byPeople = world.anthropic.inspect.keys().some((key) => key.history.some((change, index) => index > 0 && !isOurs(change)));
  if (byPeople || decided.written.size > 0) return;
  for (const { subject, title } of alerts(world).filter(({ kind }) => kind === 'key-changed')) {
    // It blames nobody: a call of ours may have come late.
    if (!title.includes('after an undo that failed'))
      report('expected', `people were told that somebody changed a key of ${subject}, and nobody did`);
  }
}

function judgeSecret(name: string, quiescence: Quiescence): void {
  const { world, rows, secrets, decided, report } = quiescence;
  const versions = secrets.get(name) ?? [];
  const told = toldOf('rotation-failed', name, world);
  const isTold = told.at(-1)?.state === 'open';
  const arn = world.definition(name).secretArn;
  const events = world.aws.inspect.secrets.events().filter((event) => event.secretArn === arn);

  // Whoever decided to end a pause may not have come to it: then it stands.
  const paused = isPaused(decided, name) || (wasPaused(decided, name) && pausesIn(world).has(name));
  // An emergency whose command died right after it had ended a pause.
  const isStopTold = isTold && told.at(-1)?.title.includes('an emergency has stopped') === true;
  if (!world.aws.inspect.secrets.rotates(arn) && !paused && !isStopTold) {
    report('I5', `the rotation schedule of ${name} is off, and nobody paused it`);
  }
  const pending = labelled(versions, 'AWSPENDING');
  const current = labelled(versions, 'AWSCURRENT');
  if (pending !== undefined && pending !== current && !paused) {
    if (!isTold) report('I5', `a rotation of ${name} is stuck in AWSPENDING, and nobody was told`, pending.holds);
    else if (rows.some((row) => row.managedKey === name && row.state === 'standby' && row.intent === undefined)) {
      report('I5', `a rotation of ${name} is stuck in AWSPENDING, although a standby key waits`, pending.holds);
    }
  }
  const succeeded = events.filter((event) => event.type === 'RotationSucceeded');
  for (const { at, detail } of events.filter((event) => event.type === 'RotationStarted')) {
    const ended = succeeded.some(
      (event) => event.detail['versionId'] === detail['versionId'] || (event.at >= at && event.at <= at + patienceMs),
    );
    const overtaken = events.some((event) => event.type === 'RotationAbandoned' && event.detail['versionId'] === detail['versionId']);
    const givenUp = typeof detail['versionId'] === 'string' && decided.givenUp.has(detail['versionId']);
    if (givenUp || ended || overtaken || isBrokenOffByPause(decided, name, at, patienceMs) || wasTold(told, at)) continue;
    report('I5', `a rotation of ${name} neither succeeded nor was anybody told that it failed`);
  }
  const end = events.findLast((event) => event.type === 'RotationSucceeded' || event.type === 'RotationFailed');
  const last = told.at(-1);
  if (end?.type === 'RotationSucceeded' && isTold && last !== undefined && last.at <= end.at) {
    report('I5', `the rotation of ${name} succeeded, and people still believe that it failed`);
  }
}

/** Whether an incident was open, or was opened, in the time after `at`. */
function wasTold(told: readonly AlertView[], at: number): boolean {
  const before = told.filter((alert) => alert.at < at).at(-1);
  return before?.state === 'open' || told.some((alert) => alert.at >= at && alert.at <= at + patienceMs && alert.state === 'open');
}
