import type { ManagedKeyDefinition } from '../../contract/policy.ts';
import type { IncidentRecord } from '../../contract/records.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import type { OpenInstallation } from '../installation.ts';
import { incidentText, keyChecks, keyChecksOf, keyFindings, type KeyCheck, type StatusSnapshot } from '../key-findings.ts';
import { readKey, readRecords } from '../read-keys.ts';
import { checked, good, warning, type Answer, type Check } from './check.ts';

/** Every check of each of these managed keys; `infos`: what Anthropic lists, if it could be asked. */
export async function managedKeyChecks(
  definitions: readonly ManagedKeyDefinition[],
  infos: StatusSnapshot['infos'] | undefined,
  installation: OpenInstallation,
): Promise<readonly Check[]> {
  let records: Awaited<ReturnType<typeof readRecords>> | undefined;
  const table = await checked(installation.definition.installation, 'state table', async () => {
    records = await readRecords(installation);
    return good(`API keys on record: ${records.records.length}`);
  });
  const known = records;
  if (known === undefined) return table;
  const keys: Check[] = [];
  for (const definition of definitions) {
    try {
      keys.push(...checksOf(await readKey(definition, known, infos, installation)));
    } catch (error) {
      if (!(error instanceof KeyguardError)) throw error;
      keys.push(...(await checked(definition.name, 'secret', () => Promise.reject(error))));
    }
  }
  const others = definitions.length < installation.managedKeys.length ? [] : otherIncidents(known.incidents, installation);
  return [...table, ...keys, ...others];
}

/** Of usage that no managed key explains, and of managed keys that were taken out of the configuration. */
function otherIncidents(incidents: readonly IncidentRecord[], { managedKeys }: OpenInstallation): readonly Check[] {
  return incidents
    .filter(({ subject, state }) => state !== 'recovered' && !managedKeys.some((key) => key.name === subject))
    .map((incident) => ({
      about: incident.subject,
      check: 'incidents',
      ...warning(incidentText(incident), `npx --no-install keyguard runbook ${incident.kind}`),
    }));
}

function checksOf(snapshot: StatusSnapshot): readonly Check[] {
  const findings = keyFindings(snapshot);
  return keyChecksOf(snapshot.definition.rotation.strategy).flatMap((check) => {
    const found = findings.filter((finding) => finding.check === check);
    return answersOf(check, found, snapshot).map((answer) => ({ about: snapshot.definition.name, check, ...answer }));
  });
}

function answersOf(check: KeyCheck, found: ReturnType<typeof keyFindings>, { isListed }: StatusSnapshot): readonly Answer[] {
  if (check === 'Anthropic' && !isListed)
    return [warning('not looked at: Anthropic could not be asked', 'mend the check of Anthropic above')];
  if (found.length === 0) return [good(keyChecks[check])];
  return found.map(({ state, what, fix }) => ({ state: state === 'broken' ? 'broken' : 'warning', what, fix }));
}
