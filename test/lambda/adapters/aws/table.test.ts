import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { apiKeyLedger } from '../../../../lambda/adapters/aws/api-key-ledger.ts';
import { awsCall } from '../../../../lambda/adapters/aws/calls.ts';
import { openTable } from '../../../../lambda/adapters/aws/table.ts';
import { usageLedger } from '../../../../lambda/adapters/aws/usage-ledger.ts';
import { KeyguardError, LostRace, Unavailable } from '../../../../lambda/foundation/errors.ts';
import { LostKeyRace } from '../../../../lambda/rotation/ports.ts';
import { startWorld, type World } from '../../../../local/world.ts';

let world: World;
beforeEach(async () => {
  world = await startWorld({ managedKeys: [{ name: 'production' }] });
});
afterEach(() => world.stop());

const thrownBy = (work: Promise<unknown>): Promise<unknown> => work.catch((error: unknown) => error);

describe('a cancelled write of a record', () => {
  const aRecord = async () => {
    await world.addStandbyKey('production');
    const ledger = apiKeyLedger(openTable(world.installation.stateTable));
    const [record] = await ledger.all();
    if (record === undefined) throw new Error('no record');
    return { ledger, record };
  };

  test.each([
    ['result-throttled', 'ThrottlingError'],
    ['result-throughput', 'ProvisionedThroughputExceeded'],
    ['result-conflict', 'TransactionConflict'],
  ] as const)('with %s is overload: nothing was written, and it is tried again', async (fault, code) => {
    const { ledger, record } = await aRecord();
    world.aws.intercept.inject({ operation: 'TransactWriteItems', fault });
    const error = await thrownBy(ledger.replace(record, record, 'test'));
    expect(error).toBeInstanceOf(Unavailable);
    expect(String(error)).toContain(code);
    expect(await ledger.all()).toEqual([record]);
    expect(await ledger.replace(record, record, 'test')).toMatchObject({ revision: record.revision + 1 });
  });

  test('because of another revision is a race that was lost', async () => {
    const { ledger, record } = await aRecord();
    const won = await ledger.replace(record, { ...record, lateActivationUntil: 7 }, 'test');
    for (const lost of [ledger.replace(record, record, 'test'), ledger.add(record, 'test')]) {
      const error = await thrownBy(lost);
      expect(error).toBeInstanceOf(LostKeyRace);
      expect(error).toMatchObject({ code: 'lost-race', won });
    }
  });

  test('because the record is gone, or cannot be read, shows no winner', async () => {
    const { ledger, record } = await aRecord();
    const odd = { schema: 1, managedKey: 'production', revision: record.revision + 1 };
    await openTable(world.installation.stateTable).put('API_KEY', record.apiKeyId, odd);
    expect(await thrownBy(ledger.replace(record, record, 'test'))).toMatchObject({ code: 'lost-race', won: undefined });
    const gone = { ...record, apiKeyId: 'apikey_gone' };
    expect(await thrownBy(ledger.replace(gone, gone, 'test'))).toMatchObject({ code: 'lost-race', won: undefined });
  });

  const cancelledBy = async (...codes: (string | undefined)[]): Promise<unknown> => {
    const { record } = await aRecord();
    const table = openTable(world.installation.stateTable);
    table.documents.send = async (): Promise<never> => {
      throw new TransactionCanceledException({
        message: 'Transaction cancelled',
        $metadata: { httpStatusCode: 400 },
        CancellationReasons: codes.map((Code) => (Code === undefined ? {} : { Code })),
      });
    };
    return thrownBy(apiKeyLedger(table).replace(record, record, 'test'));
  };
  test('is a lost race for certain, whatever was busy beside it', async () => {
    expect(await cancelledBy('ConditionalCheckFailed', 'ThrottlingError')).toBeInstanceOf(LostRace);
  });
  test.each([
    ['a refusal beside overload', ['ValidationError', 'ThrottlingError']],
    ['no reason at all', []],
    ['reasons without a code', [undefined]],
  ])('with %s is no overload', async (_what, codes) => {
    const error = await cancelledBy(...codes);
    expect(error).toBeInstanceOf(KeyguardError);
    expect(error).not.toBeInstanceOf(Unavailable);
  });
});

test.each([
  'TransactionConflictException',
  'ProvisionedThroughputExceededException',
  'ThrottlingException',
  'TransactionInProgressException',
])('a call that ends with %s is tried again', async (name) => {
  const call = async (): Promise<never> => {
    throw Object.assign(new Error('busy'), { name, $metadata: { httpStatusCode: 400 } });
  };
  expect(await thrownBy(awsCall('dynamodb:PutItem', call))).toBeInstanceOf(Unavailable);
});

test('between bounds in the wrong order lies nothing, as after a clock that was set back', async () => {
  const table = openTable(world.installation.stateTable);
  const { clock } = world;
  expect(await usageLedger(table, clock).quarters('production', clock.now() + 86_400_000, clock.now())).toEqual([]);
  expect(await table.query('p', { from: 'b', to: 'b' })).toEqual([]);
});
