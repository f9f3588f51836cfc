import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionName } from '../contract/registry.ts';

const folder = join(import.meta.dirname, '..', 'dist', 'functions');

/** The code of a function as the package holds it, so that a consumer's synth needs neither a bundler nor our sources. */
export function handlerCode(name: FunctionName): string {
  return readFileSync(join(folder, `${name}.cjs`), 'utf8');
}
