import { afterEach, expect, test } from 'vitest';
import { incidentPorts, retirementPorts, rotationPorts } from '../../lambda/adapters/assemble.ts';
import { secretsManager } from '../../lambda/adapters/aws/clients.ts';
import { openTable } from '../../lambda/adapters/aws/table.ts';
import { dayMs, hourMs, minuteMs } from '../../lambda/foundation/clock.ts';
import { KeyguardError } from '../../lambda/foundation/errors.ts';
import type { Log } from '../../lambda/foundation/log.ts';
import type { RetirementPorts, RotationPorts } from '../../lambda/rotation/ports.ts';
import { runRetirement } from '../../lambda/rotation/run-retirement.ts';
import { rotationStep } from '../../lambda/rotation/rotate.ts';
import { aProofWorld, type ProofWorld } from './world.ts';
import { beat, graceOver, rotated } from './operation.ts';
import { lossesSince } from './lasting.ts';
import { violationText } from './violation.ts';
import { wrongAnswer } from './wrong-answers.ts';
import { long } from '../support/long.ts';

/** The real engine with one broken port in the local world: what it does wrong the observer must see. */

let world: ProofWorld;
afterEach(() => world.leaves());

const found = (): readonly string[] => world.observer.violations().map(violationText);

/** What the functions of this world are made of; `log` takes the place of theirs. */
function made(log: Log): { readonly rotation: () => RotationPorts; readonly retirement: () => RetirementPorts } {
  const { local } = world;
  const { installation, alertTopicArn: alertTopic, dashboardUrl, stateTable, anthropicBaseUrl, organizationId } = local.installation;
  const adminAccess = JSON.stringify(local.installation.adminAccess);
  const env = { anthropicBaseUrl, organizationId, adminAccess, alertTopic, stackName: 'keyguard', definitions: local.definitions() };
  const table = openTable(stateTable);
  const incidents = incidentPorts({ alertTopic, installation, dashboardUrl }, table, { clock: local.clock, log });
  return {
    rotation: () => rotationPorts(env, table, secretsManager(), incidents),
    retirement: () => retirementPorts(env, table, secretsManager(), incidents),
  };
}

const silent: Log = { info: () => undefined, warn: () => undefined };

function breakRotation(log: Log, change: (ports: RotationPorts) => Partial<RotationPorts>): void {
  const sound = made(log).rotation();
  const broken = { ...sound, ...change(sound) };
  world.local.aws.functions.register('rotation', (event: unknown) => rotationStep(event, broken));
}

function breakRetirement(change: (ports: RetirementPorts) => Partial<RetirementPorts>): void {
  const sound = made(silent).retirement();
  const broken = { ...sound, ...change(sound) };
  world.local.aws.functions.register('retirement', () => runRetirement(broken));
}

test('retirement that knows of no undo period archives too early, and is seen', async () => {
  world = await aProofWorld({ seed: 1 });
  const { old } = await rotated(world);
  await graceOver(world, old);
  breakRetirement(({ directory }) => ({
    directory: {
      ...directory,
      all: async () => (await directory.all()).map((each) => ({ ...each, rotation: { ...each.rotation, undoMs: 0 } })),
    },
  }));
  await beat(world, 'retirement')();
  await world.passes(2 * dayMs);
  await beat(world, 'retirement')();
  expect(found()).toContainEqual(expect.stringMatching(/^I2 .*archived after .* inactive; it could be brought back for 7\.0 days/));
});

test('retirement to which unknown usage is silence cuts a key that is used, and is seen', long, async () => {
  world = await aProofWorld({ seed: 1 });
  const { old } = await rotated(world);
  world.local.aws.schedules.disable('retirement');
  breakRetirement(({ usage }) => ({ usage: { ...usage, knownUntil: async () => world.local.clock.now() } }));
  await world.passes(30 * hourMs);
  world.uses(old);
  await world.passes(hourMs);
  await beat(world, 'retirement')();
  expect(found()).toContainEqual(expect.stringMatching(/^I2 .*inactive 1\.0 h after it was last used/));
});

test('retirement that takes a report which stands still for silence cuts a key that is used, and is seen', long, async () => {
  world = await aProofWorld({ seed: 1 });
  const { old } = await rotated(world);
  await world.passes(20 * hourMs);
  world.uses(old);
  await world.collects();
  world.local.aws.schedules.disable('retirement');
  // Read until now is not the same as seen until now.
  breakRetirement(({ usage }) => ({ usage: { ...usage, knownUntil: async () => world.local.clock.now() - 30 * minuteMs } }));
  world.local.anthropic.intercept.usage.standStill(world.local.clock.now());
  for (let hour = 0; hour < 8; hour += 1) {
    await world.passes(hourMs);
    world.uses(old);
    await world.collects();
  }
  await beat(world, 'retirement')();
  expect(found()).toContainEqual(expect.stringMatching(/^I2 .*inactive .* after it was last used/));
});

test('a rotation that believes a page of a firewall promotes a key that nobody has accepted, and is seen', async () => {
  world = await aProofWorld({ seed: 1 });
  await world.adds();
  breakRotation(silent, ({ probe }) => ({
    probe: {
      async probe(value) {
        const answer = await probe.probe(value);
        const { organizationId } = world.local.installation;
        const isPage = answer.answer === 'unclear' && answer.why.includes('200 with a page');
        return isPage ? { answer: 'accepted', organizationId, workspaceId: null } : answer;
      },
    },
  }));
  world.local.anthropic.intercept.onCall(({ phase, ...call }) =>
    call.route === '/v1/models' ? wrongAnswer('block-page', call, phase) : undefined,
  );
  await world.rotates();
  expect(found()).toContainEqual(expect.stringMatching(/^I2 .*before Anthropic had accepted it/));
});

test('a rotation that takes a sign-in page for a refusal rejects a sound key, and is seen', long, async () => {
  world = await aProofWorld({ seed: 1 });
  await world.adds();
  breakRotation(silent, ({ probe }) => ({
    probe: {
      async probe(value) {
        const answer = await probe.probe(value);
        return answer.answer === 'unclear' && answer.why.includes('401 with a page') ? { answer: 'refused' } : answer;
      },
    },
  }));
  world.local.anthropic.intercept.onCall(({ phase, ...call }) =>
    call.route === '/v1/models' ? wrongAnswer('sign-in', call, phase) : undefined,
  );
  await world.rotates();
  expect(lossesSince(new Map(), world)).toEqual([expect.stringMatching(/moved it from nothing to rejected/)]);
});

test('a rotation that tries no key promotes an unproven one, and is seen', async () => {
  world = await aProofWorld({ seed: 1 });
  await world.adds();
  breakRotation(silent, () => ({
    probe: { probe: async () => ({ answer: 'accepted', organizationId: world.local.installation.organizationId, workspaceId: null }) },
  }));
  await world.rotates();
  expect(found()).toContainEqual(expect.stringMatching(/^I2 .*before Anthropic had accepted it/));
});

test('a rotation whose errors name the value lets it out, and is seen', async () => {
  world = await aProofWorld({ seed: 1 });
  await world.adds();
  breakRotation(silent, () => ({
    probe: { probe: async (value) => Promise.reject(new KeyguardError('probe', `it was ${value.reveal()}`, 'nothing')) },
  }));
  await world.rotates();
  world.observer.atQuiescence();
  // What people are sent is locked a second time.
  for (const place of ['the state table', 'a function’s error or event']) {
    expect(found()).toContainEqual(expect.stringMatching(new RegExp(`^I4 .*its value stands in ${place}`)));
  }
});

test('a rotation that logs what it tries past the log’s own lock lets the value out, and is seen', async () => {
  world = await aProofWorld({ seed: 1 });
  await world.adds();
  const lines = world.local.logs as string[];
  breakRotation(silent, ({ probe }) => ({
    probe: {
      probe(value) {
        lines.push(value.reveal());
        return probe.probe(value);
      },
    },
  }));
  await world.rotates();
  world.observer.atQuiescence();
  expect(found()).toContainEqual(expect.stringMatching(/^I4 .*its value stands in a log/));
});
