import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { ApiKeyRecord } from '../../contract/records.ts';
import type { Secret } from '../../lambda/foundation/secret.ts';
import { admitStandbyKey, type AdmitOptions, type AdmitPorts } from '../../lambda/rotation/admit.ts';
import type { CliIo } from '../command.ts';
import type { OpenInstallation } from '../installation.ts';
import { progress } from '../output.ts';
import { shortKeys, shortText, takesAt } from '../pool-cover.ts';
import { poolSight } from './pool.ts';

/** Takes in a key that the next rotation could take, and says so where the keys before it leave it too little time. */
export async function takeIn(
  definition: ManagedKeyDefinition,
  value: Secret,
  options: Omit<AdmitOptions, 'takenAt'>,
  ports: AdmitPorts,
  installation: OpenInstallation,
  io: CliIo,
): Promise<ApiKeyRecord> {
  const before = await poolSight(definition, await ports.ledger.all(), installation);
  const taken = await admitStandbyKey(definition, value, { ...options, takenAt: takesAt(before) }, ports);
  const sight = { ...before, own: [...before.own.filter(({ apiKeyId }) => apiKeyId !== taken.apiKeyId), taken] };
  const short = shortKeys(sight).find(({ record }) => record === taken);
  if (short !== undefined) progress(`Take note: ${taken.apiKeyId} ${shortText(short, sight)}.`, io);
  return taken;
}
