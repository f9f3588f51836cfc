import { expect, test } from 'vitest';
import { caseName, cleanRun, operationNamed, runCase } from './crash.ts';
import { violationText } from './violation.ts';
import { long } from '../support/long.ts';

/** The sample of the crash harness may miss these moments. */
test('containment that asks again while the switch is not recorded yet uses one standby key', { ...long, timeout: 60_000 }, async () => {
  const operation = operationNamed('containment-of-current');
  const { calls } = await cleanRun(operation, 1);
  const switched = calls.findIndex(({ name }) => name.endsWith('UpdateSecretVersionStage')) + 1;
  expect(switched).toBeGreaterThan(1);
  for (let point = switched + 1; point <= switched + 4; point += 1) {
    const each = { operation: operation.name, point, kind: 'beside-0', runners: 1, seed: 1 } as const;
    const { violations } = await runCase(each);
    expect(violations.map((violation) => `${caseName(each)}: ${violationText(violation)}`)).toEqual([]);
  }
});
