import type { Rule } from 'eslint';

export declare const noSentenceDecides: Rule.RuleModule;
