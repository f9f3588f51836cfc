import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runCase, type Case, type CaseResult } from './crash.ts';

/** A case that could not be run is no proof: its error is handed on. */
type Answer = CaseResult | { readonly error: string };

/** So many cases a process runs before a fresh one takes its place: what was killed in a world stays in memory. */
const casesPerWorker = 300;

/** Runs the cases in `jobs` processes, each with one world at a time; `done` hears of each result. Throws when a case cannot be run. */
export async function runCases(cases: readonly Case[], jobs: number, done: (result: CaseResult) => void): Promise<void> {
  const waiting = [...cases];
  const work = async (): Promise<void> => {
    while (waiting.length > 0) await startWorker(waiting, done);
  };
  await Promise.all(Array.from({ length: Math.min(jobs, cases.length) }, work));
}

/** One process, until it has done its share or nothing is left. */
function startWorker(waiting: Case[], done: (result: CaseResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = fork(fileURLToPath(import.meta.url), ['worker']);
    let share = casesPerWorker;
    const next = (): void => {
      const each = share > 0 ? waiting.shift() : undefined;
      share -= 1;
      if (each === undefined) worker.disconnect();
      else worker.send(each);
    };
    worker.on('message', (answer: Answer) => {
      if ('error' in answer) {
        reject(new Error(answer.error));
        worker.disconnect();
        return;
      }
      done(answer);
      next();
    });
    worker.on('error', reject);
    worker.on('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`a process that runs cases ended: ${signal ?? code ?? 'no reason is known'}`));
    });
    next();
  });
}

async function answerTo(each: Case): Promise<Answer> {
  try {
    return await runCase(each);
  } catch (error) {
    return {
      error: `${JSON.stringify(each)} could not be run: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    };
  }
}

if (process.argv[2] === 'worker') {
  process.on('message', (each: Case) => void answerTo(each).then((answer) => process.send?.(answer)));
  // The last world's killed callers may still wait for an answer.
  process.on('disconnect', () => process.exit(0));
}
