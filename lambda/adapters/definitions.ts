import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { definitionsFile, type Definitions, type ManagedKeyPolicy } from '../../contract/policy.ts';
import { KeyguardError } from '../foundation/errors.ts';
import { parsedJson } from '../foundation/json.ts';

/** What was written beside this function's code at synth. Throws KeyguardError `foreign-definition`. */
export function bundledDefinitions(): Definitions {
  // Functions are bundled as CommonJS: this is the folder of their code.
  return readDefinitions(readFileSync(join(__dirname, definitionsFile), 'utf8'));
}

function readDefinitions(text: string): Definitions {
  const value = parsedJson(text);
  if (isDefinitions(value)) return value;
  throw new KeyguardError('foreign-definition', `${definitionsFile} is not what this version writes`, 'deploy again: npx cdk deploy');
}

/** Whether this is what a deployment of this version wrote. */
export function isDefinitions(value: unknown): value is Definitions {
  if (!(value instanceof Object) || Reflect.get(value, 'schema') !== 1) return false;
  const managedKeys: unknown = Reflect.get(value, 'managedKeys');
  return (
    typeof Reflect.get(value, 'installation') === 'string' &&
    Array.isArray(managedKeys) &&
    managedKeys.every(isPolicy) &&
    isHeartbeat(Reflect.get(value, 'heartbeat'))
  );
}

function isHeartbeat(value: unknown): boolean {
  if (value === undefined) return true;
  return value instanceof Object && ['managedKey', 'model'].every((field) => typeof Reflect.get(value, field) === 'string');
}

const policyNumbers = ['intervalMs', 'minimumGraceMs', 'quietMs', 'maximumGraceMs', 'undoMs', 'maximumAgeMs', 'lowWaterMs'] as const;

function isPolicy(value: unknown): value is ManagedKeyPolicy {
  if (!(value instanceof Object)) return false;
  const rotation: unknown = Reflect.get(value, 'rotation');
  const containment: unknown = Reflect.get(value, 'containment');
  return (
    ['name', 'workspaceId'].every((field) => typeof Reflect.get(value, field) === 'string') &&
    rotation instanceof Object &&
    policyNumbers.every((field) => Number.isFinite(Reflect.get(rotation, field))) &&
    ['rotate', 'ask'].includes(String(Reflect.get(rotation, 'onDeath'))) &&
    containment instanceof Object
  );
}
