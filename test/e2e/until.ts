import { realClock } from '../../local/clock.ts';

/** Asks again until the answer is there. Throws with the last one when `withinMs` are over. */
export async function until<Answer>(what: string, withinMs: number, ask: () => Promise<Answer | undefined | false>): Promise<Answer> {
  const deadline = realClock.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (realClock.now() > deadline) throw new Error(`within ${withinMs / 1000} s this did not come: ${what}`);
    await realClock.pause(300);
  }
}
