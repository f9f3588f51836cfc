import type { SSMClient } from '@aws-sdk/client-ssm';
import { GetParametersByPathCommand } from '@aws-sdk/client-ssm';
import type { ManagedKeyDefinition } from '../../../contract/policy.ts';
import { minuteMs, type Clock } from '../../foundation/clock.ts';
import { KeyguardError } from '../../foundation/errors.ts';
import { parsedJson } from '../../foundation/json.ts';
import type { KeyDirectory } from '../../rotation/ports.ts';
import { awsCall } from './calls.ts';

const freshMs = minuteMs;

/** The managed keys as deployed, one SSM parameter each; read again when the answer is older than a minute. */
export function keyDirectory(client: SSMClient, path: string, clock: Clock): KeyDirectory {
  let answer: { readonly at: number; readonly definitions: readonly ManagedKeyDefinition[] } | undefined;
  const read = async (): Promise<readonly ManagedKeyDefinition[]> => {
    const definitions: ManagedKeyDefinition[] = [];
    let next: string | undefined;
    do {
      const page = await awsCall('ssm:GetParametersByPath', () =>
        client.send(new GetParametersByPathCommand({ Path: path, ...(next === undefined ? {} : { NextToken: next }) })),
      );
      for (const parameter of page.Parameters ?? []) definitions.push(readDefinition(parameter.Name ?? path, parameter.Value ?? ''));
      next = page.NextToken;
    } while (next !== undefined && next !== '');
    answer = { at: clock.now(), definitions };
    return definitions;
  };
  const all = async (): Promise<readonly ManagedKeyDefinition[]> =>
    answer !== undefined && clock.now() - answer.at < freshMs ? answer.definitions : read();
  return {
    all,
    async bySecret(secretArn) {
      const isIt = (definition: ManagedKeyDefinition): boolean => definition.secretArn === secretArn;
      return (await all()).find(isIt) ?? (await read()).find(isIt);
    },
  };
}

function readDefinition(name: string, json: string): ManagedKeyDefinition {
  const value = parsedJson(json);
  if (isDefinition(value)) return value;
  throw new KeyguardError('foreign-definition', `${name} is no managed key definition that this version knows`, 'deploy again');
}

const policyNumbers = ['intervalMs', 'minimumGraceMs', 'quietMs', 'maximumGraceMs', 'undoMs', 'maximumAgeMs', 'lowWaterMs'] as const;

function isDefinition(value: unknown): value is ManagedKeyDefinition {
  if (!(value instanceof Object) || Reflect.get(value, 'schema') !== 1) return false;
  const rotation: unknown = Reflect.get(value, 'rotation');
  const containment: unknown = Reflect.get(value, 'containment');
  const strings = ['name', 'secretArn', 'standbySecretArn', 'workspaceId'];
  return (
    strings.every((field) => typeof Reflect.get(value, field) === 'string') &&
    rotation instanceof Object &&
    policyNumbers.every((field) => typeof Reflect.get(rotation, field) === 'number') &&
    ['rotate', 'ask'].includes(String(Reflect.get(rotation, 'onDeath'))) &&
    containment instanceof Object
  );
}
