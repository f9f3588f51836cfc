import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { aProofWorld } from './world.ts';

test('the address of a world that was left is nobody’s afterwards: what was killed in it reaches no other one', async () => {
  const world = await aProofWorld({ seed: 1 });
  const { aws, anthropic, slack } = world.local;
  await world.leaves();
  for (const url of [aws.endpoint, anthropic.baseUrl, slack.credential]) {
    expect((await fetch(url)).status).toBe(503);
    const next = createServer();
    const listens = new Promise<void>((resolve, reject) => {
      next.once('error', reject).listen(Number(new URL(url).port), '127.0.0.1', resolve);
    });
    await expect(listens).rejects.toMatchObject({ code: 'EADDRINUSE' });
  }
});
