import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import { onboardPorts } from '../../lambda/adapters/assemble.ts';
import type { OnboardOptions } from '../../lambda/rotation/onboard.ts';
import { checkHasPool, onboardKey, readPool, startOwedRotation } from '../../lambda/rotation/commands/onboard.ts';
import { coverOf } from '../../lambda/rotation/pool-cover.ts';
import { checkedApiKeyId } from '../arguments.ts';
import { callerName } from '../aws-session.ts';
import type { CliIo } from '../command.ts';
import { failureOf } from '../failure.ts';
import { managedKey, openInstallation, type InstallationFlags, type OpenInstallation } from '../installation.ts';
import { narrated } from '../narration.ts';
import { instant, isoOrNull, json, line, progress } from '../output.ts';
import { coverJson, coverText, shortText } from '../pool-cover.ts';
import { consumersWait, waitingText } from '../read-keys.ts';
import { canAsk, secretFrom, typed } from '../prompt.ts';

export interface AddFlags extends InstallationFlags {
  readonly apiKeyId?: string;
  readonly acceptUserKey?: boolean;
  readonly inUse?: boolean;
  readonly confirm?: string;
}

/** `keyguard standby add NAME`: the human step, because the Admin API cannot create keys. */
export async function add(name: string, flags: AddFlags, io: CliIo): Promise<void> {
  const { apiKeyId } = flags;
  if (apiKeyId !== undefined) checkedApiKeyId(apiKeyId, '--api-key-id', io);
  if (flags.confirm !== undefined && flags.inUse !== true) io.fail('--confirm belongs to --in-use', 'leave it out', 2);
  const installation = await openInstallation(flags, io);
  const definition = managedKey(installation, name);
  checkHasPool(definition);
  // Before anybody pastes a value.
  if (!installation.isDeployed) await installation.ports.secrets.describe(definition.secretName);
  const value = await secretFrom(`Value of the new key for ${name} (sk-ant-api03-…)`, io);
  const { definition: deployed, managedKeys, table, secrets, clock } = installation;
  const intake = narrated(onboardPorts(deployed, managedKeys, table, secrets, clock), (sentence) => progress(sentence, io));
  const options = {
    by: await callerName(),
    userKey: flags.acceptUserKey === true ? 'accepted' : 'refused',
    ...(apiKeyId === undefined ? {} : { apiKeyId }),
    ...(flags.inUse === true ? { inUse: asking(flags.confirm, io) } : {}),
  } as const;
  const { record, pool, short } = await onboardKey(definition, value, options, { ...installation.ports, ...intake });
  if (short !== undefined) progress(`Take note: ${record.apiKeyId} ${shortText(short, pool)}.`, io);
  if (flags.json !== true) {
    const expiry = record.expiresAt === null ? 'never expires' : `expires ${instant(record.expiresAt)}`;
    line(`${record.apiKeyId} (${record.hint}, ${expiry}) is a standby key of ${name}: stored, inactive, proven dead.`, io);
  }
  const rotationResumed = await resumed(installation, definition, io);
  const cover = coverOf(await readPool(definition, await installation.ports.ledger.of(definition.name), installation.ports));
  if (flags.json === true) {
    json(
      {
        managedKey: name,
        apiKeyId: record.apiKeyId,
        hint: record.hint,
        expiresAt: isoOrNull(record.expiresAt),
        pool: coverJson(cover),
        rotationResumed,
      },
      io,
    );
    return;
  }
  if (rotationResumed) line(`A rotation of ${name} to a new key is started: npx --no-install keyguard status ${name}`, io);
  else if (await consumersWait(name, installation)) line(waitingText(name), io);
  line(`The pool of ${name} holds ${coverText(cover)}.`, io);
}

/** Asks once more, with what is known of the usage: whoever uses the key fails from then on. */
function asking(confirm: string | undefined, io: CliIo): NonNullable<OnboardOptions['inUse']> {
  return async ({ found }, apiKeyId) => {
    progress(`Take note: ${found}.`, io);
    if (confirm === apiKeyId) return true;
    if (confirm !== undefined)
      io.fail(`--confirm names ${confirm}, and the key is ${apiKeyId}`, 'nothing was stored; check which key you pasted', 2);
    if (!canAsk(io)) {
      io.fail(
        `${found}. To deactivate it needs a confirmation, and there is no terminal to ask on`,
        `nothing was stored; if you mean it, give --in-use --confirm ${apiKeyId}`,
        2,
      );
    }
    if (await typed('Whoever uses this key is refused from now on.', apiKeyId, io)) return true;
    return io.fail('the key was not added', 'nothing was stored or deactivated', 1);
  };
}

/** Whatever becomes of the rotation, the key is taken in: who is told of a failure must not make another one. */
async function resumed(installation: OpenInstallation, definition: ManagedKeyDefinition, io: CliIo): Promise<boolean> {
  try {
    return await startOwedRotation(definition, installation.ports);
  } catch (error) {
    const { message, fix } = failureOf(error);
    progress(`A rotation of ${definition.name} to it could not be started: ${message}`, io);
    progress(
      `The key is taken in all the same, and the rotation goes on by itself, or at once: npx --no-install keyguard rotate ${definition.name}`,
      io,
    );
    if (fix !== '') progress(fix, io);
    return false;
  }
}
