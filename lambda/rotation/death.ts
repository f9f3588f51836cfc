import type { Clock } from '../foundation/clock.ts';
import type { Secret } from '../foundation/secret.ts';
import type { KeyProbe } from './ports.ts';

const deathDeadlineMs = 60_000;
const deathBeatMs = 2_000;

/** Proof of death: polls until Anthropic refuses the value (401), up to a minute. No figure is published for how soon it must. */
export async function provenDead(value: Secret, ports: { readonly probe: KeyProbe; readonly clock: Clock }): Promise<boolean> {
  const deadline = ports.clock.now() + deathDeadlineMs;
  for (;;) {
    if ((await ports.probe.probe(value)).answer === 'refused') return true;
    if (ports.clock.now() >= deadline) return false;
    await ports.clock.pause(deathBeatMs);
  }
}
