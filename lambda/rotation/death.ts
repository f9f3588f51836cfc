import type { Clock } from '../foundation/clock.ts';
import { Unavailable } from '../foundation/errors.ts';
import type { Secret } from '../foundation/secret.ts';
import type { KeyProbe, SecretVersions } from './ports.ts';

const deathDeadlineMs = 60_000;
const deathBeatMs = 2_000;

interface DeathPorts {
  readonly probe: KeyProbe;
  readonly clock: Clock;
}

/**
 * Proof of death: polls until Anthropic refuses the value (401), up to a minute. No figure is published for how soon it must.
 * False when the value is still accepted then; throws `Unavailable` when nobody could tell.
 */
export async function provenDead(value: Secret, ports: DeathPorts): Promise<boolean> {
  const deadline = ports.clock.now() + deathDeadlineMs;
  for (;;) {
    const probe = await ports.probe.probe(value);
    if (probe.answer === 'refused') return true;
    if (ports.clock.now() >= deadline) {
      if (probe.answer === 'unclear') throw new Unavailable('proof of death', probe.why);
      return false;
    }
    await ports.clock.pause(deathBeatMs);
  }
}

/**
 * Proof of death of a value that consumers once read, by its version of their secret. Secrets Manager prunes old unlabelled
 * versions; then the Admin API's word has to do.
 */
export async function provenDeadIn(
  secretArn: string,
  versionId: string,
  ports: DeathPorts & { readonly secrets: Pick<SecretVersions, 'read'> },
): Promise<boolean> {
  const value = await ports.secrets.read(secretArn, versionId);
  return value === 'absent' || provenDead(value, ports);
}
