import { benchFold } from './fold.ts';
import { benchFunctions } from './functions.ts';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

print('Functions: bundle size and cold module load, beside an empty handler (npm run bench)');
benchFunctions(print);
print('\nDetection: speed and size');
benchFold(print);
print('\nHow well it detects: npm run bench:detection [-- --traces FOLDER]');
print('\nCommand line: npm run bench:start-up');
