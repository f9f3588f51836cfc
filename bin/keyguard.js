#!/usr/bin/env node
// Node 20 runs no TypeScript by itself: tsx is registered first, from this file's own place, whatever the working directory.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./keyguard.ts');
process.exitCode = await main(process.argv);
