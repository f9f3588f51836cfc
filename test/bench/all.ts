import { benchFunctions } from './functions.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

print('Functions: bundle size and cold module load, beside an empty handler (npm run bench)');
benchFunctions(print);
print('\nDetection: npm run bench:detection [-- FOLDER WITH TRACES]');
print('\nCommand line: npm run bench:start-up');
