import { execFile } from 'node:child_process';

/** All that the command ever printed here, for the test that looks for values. */
export const printed: string[] = [];

/** Runs `npx --no-install keyguard` on the deployed installation, as an operator does; throws with what it printed when it fails. */
export function keyguard(parameters: readonly string[], stdin = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['bin/keyguard.js', ...parameters, '--config', 'test/e2e/keyguard.json'],
      (error, stdout, stderr) => {
        printed.push(stdout, stderr);
        if (error === null) resolve(stdout);
        else reject(new Error(`keyguard ${parameters.join(' ')} failed: ${stdout}${stderr}`));
      },
    );
    child.stdin?.end(stdin);
  });
}
