import type { Clock } from './clock.ts';

/**
 * Looks again and again until what is seen is `done`, and answers the last look. The last one begins at the deadline or later: an answer
 * that was long on its way is none about now.
 */
export async function poll<T>(
  look: () => Promise<T>,
  done: (seen: T) => boolean,
  { deadlineMs, beatMs }: { readonly deadlineMs: number; readonly beatMs: number },
  clock: Clock,
): Promise<T> {
  const deadline = clock.now() + deadlineMs;
  for (;;) {
    const askedAt = clock.now();
    const seen = await look();
    if (done(seen) || askedAt >= deadline) return seen;
    await clock.pause(beatMs);
  }
}
