import type { AlarmCause } from '../../contract/causes.ts';
import { alarmText } from '../incidents/message/alarm-text.ts';
import type { BaseAnthropic } from '@anthropic-ai/sdk/client';
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { InstallationDefinition } from '../../contract/installation.ts';
import { supplyOf, type IncidentKind } from '../../contract/registry.ts';
import { usageReport } from '../../contract/metrics.ts';
import type { Definitions, ManagedKeyDefinition } from '../../contract/policy.ts';
import type { IncidentRecord } from '../../contract/records.ts';
import { homeOf } from '../../contract/names.ts';
import type { Clock } from '../foundation/clock.ts';
import type { Runtime } from '../foundation/runtime.ts';
import { withInstantsThatHaveCome } from '../incidents/instants.ts';
import type { IncidentPorts } from '../incidents/ports.ts';
import { clear, closeRemoved, raise, reconcile } from '../incidents/raise.ts';
import type { OnboardPorts } from '../rotation/onboard.ts';
import { isRemoved, recoveryOf } from '../rotation/conditions.ts';
import { onlyOurKeys } from '../rotation/ownership.ts';
import type { RetirementPorts, RotationPorts } from '../rotation/ports.ts';
import { apiKeys } from './anthropic/api-keys.ts';
import { adminClient } from './anthropic/client.ts';
import { keyProbe } from './anthropic/key-probe.ts';
import { reportedUse } from './anthropic/key-usage.ts';
import { canonicalId } from './anthropic/organization.ts';
import { alertPublisher } from './aws/alert-publisher.ts';
import { apiKeyLedger } from './aws/api-key-ledger.ts';
import { sns, sts } from './aws/clients.ts';
import { incidentStore } from './aws/incident-store.ts';
import { keyDirectory } from './aws/key-directory.ts';
import { pauses } from './aws/pauses.ts';
import { rotations, secretVersions, standbyStore } from './aws/secret-versions.ts';
import { sightings } from './aws/sightings.ts';
import type { Table } from './aws/table.ts';
import { usageLedger } from './aws/usage-ledger.ts';
import { readAdminAccess } from './environment.ts';
import { failureIn, lastingFailure } from './failed-rotation.ts';

/** What several functions are made of. Each function's file says which of it that function has. */

interface AdminEnvironment {
  readonly anthropicBaseUrl: string;
  readonly organizationId: string;
  readonly adminAccess: string;
}

export function adminAccess(env: AdminEnvironment, secrets: SecretsManagerClient, clock: Clock): BaseAnthropic {
  return adminClient({
    baseUrl: env.anthropicBaseUrl,
    organizationId: env.organizationId,
    access: readAdminAccess(env.adminAccess),
    secrets,
    sts,
    clock,
  });
}

interface IncidentEnvironment {
  readonly alertTopic: string;
  readonly installation: string;
  readonly dashboardUrl: string;
  /** Absent for a function that tells of no managed key. */
  readonly definitions?: Definitions;
}

export function incidentPorts(env: IncidentEnvironment, table: Table, runtime: Runtime): IncidentPorts {
  return {
    incidents: withInstantsThatHaveCome(incidentStore(table), runtime.clock),
    publisher: alertPublisher(sns(), env.alertTopic),
    installation: env.installation,
    dashboardUrl: env.dashboardUrl,
    supplies: new Map((env.definitions?.managedKeys ?? []).map(({ name, rotation: { strategy } }) => [name, supplyOf(strategy)])),
    ...runtime,
  };
}

interface KeyEnvironment extends AdminEnvironment {
  /** Its ARN says in which account and Region the installation lives. */
  readonly alertTopic: string;
  readonly stackName: string;
  readonly definitions: Definitions;
}

export function rotationPorts(env: KeyEnvironment, table: Table, secrets: SecretsManagerClient, incidents: IncidentPorts): RotationPorts {
  const { clock, log } = incidents;
  const ledger = apiKeyLedger(table);
  const held = {
    directory: keyDirectory(env.definitions, homeOf(env.alertTopic), ledger),
    ledger,
    secrets: secretVersions(secrets),
    stackName: env.stackName,
  };
  return {
    ...held,
    keys: onlyOurKeys(apiKeys(adminAccess(env, secrets, clock)), held),
    probe: keyProbe(env.anthropicBaseUrl),
    alarm: {
      raise: (kind, managedKey, facts) => raise(kind, managedKey, facts, incidents),
      clear: (kind, managedKey, end) => clear(kind, managedKey, incidents, { code: 'rotation-over', end }),
      lasting: lastingFailure(incidents.incidents),
    },
    pauses: pauses(table),
    organizationId: canonicalId(env.organizationId),
    clock,
    log,
  };
}

export function retirementPorts(
  env: KeyEnvironment,
  table: Table,
  secrets: SecretsManagerClient,
  incidents: IncidentPorts,
): RetirementPorts {
  const rotation = rotationPorts(env, table, secrets, incidents);
  return {
    ...rotation,
    usage: usageLedger(table, incidents.clock),
    rotations: rotations(secrets),
    sightings: sightings(table),
    watch: {
      async failedRotations() {
        const failed = (await incidents.incidents.all()).filter(({ kind }) => kind === 'rotation-failed');
        return new Map(
          failed.flatMap((incident) => {
            const failure = failureIn(incident);
            return failure === undefined ? [] : [[incident.subject, failure]];
          }),
        );
      },
      async update(found, left, kinds) {
        const findings = found.map(({ kind, managedKey, facts }) => ({ kind, subject: managedKey, facts }));
        const names = new Set((await rotation.directory.all()).map(({ name }) => name));
        const records = await rotation.ledger.all();
        const over = (_kind: IncidentKind, subject: string, incident: IncidentRecord): AlarmCause | undefined => {
          if (left.has(subject) || isRemoved(incident, names)) return undefined;
          const own = records.filter((record) => record.managedKey === subject);
          return recoveryOf(incident, own, incidents.clock.now());
        };
        await reconcile(kinds, findings, over, incidents);
        await closeRemoved((incident) => isRemoved(incident, names), incidents);
      },
    },
  };
}

/** What intake needs, from what an installation says of itself. */
export function onboardPorts(
  installation: Pick<InstallationDefinition, 'anthropicBaseUrl' | 'organizationId' | 'adminAccess'>,
  managedKeys: readonly ManagedKeyDefinition[],
  table: Table,
  secrets: SecretsManagerClient,
  clock: Clock,
): OnboardPorts {
  const { anthropicBaseUrl, organizationId, adminAccess: access } = installation;
  const admin = adminClient({ baseUrl: anthropicBaseUrl, organizationId, access, secrets, sts, clock });
  const ledger = apiKeyLedger(table);
  const versions = secretVersions(secrets);
  const usage = usageLedger(table, clock);
  return {
    ledger,
    standby: standbyStore(secrets),
    // Who sits at the keyboard need not be able to read what consumers hold.
    keys: onlyOurKeys(apiKeys(admin), {
      ledger,
      secrets: { describe: (name) => versions.describe(name) },
      directory: { all: async () => managedKeys },
    }),
    probe: keyProbe(anthropicBaseUrl),
    usage,
    recentUse: {
      reported: reportedUse(admin, clock),
      lastUse: async (apiKeyId) => (await usage.lastUses()).find((use) => use.apiKeyId === apiKeyId),
      async blindBecause() {
        const blind = await incidentStore(table).find('usage-blind', usageReport);
        if (blind === undefined || blind.state === 'recovered') return undefined;
        return blind.facts.cause === undefined ? 'the usage report cannot be believed' : alarmText(blind.facts.cause);
      },
    },
    organizationId: canonicalId(organizationId),
    clock,
  };
}
