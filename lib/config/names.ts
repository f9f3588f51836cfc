import { allKeys, unattributed, usageReport } from '../../contract/metrics.ts';
import { managedKeyOutputs, outputNames } from '../../contract/outputs.ts';

export interface NameProblem {
  /** Which of the names. */
  readonly index: number;
  readonly problem: string;
  readonly fix: string;
}

/** What is wrong with the names of an installation's managed keys: they must differ, also as outputs and as subjects of metrics. */
export function nameProblems(names: readonly unknown[]): readonly NameProblem[] {
  const taken = new Map<string, string>(Object.values(outputNames).map((output) => [output, 'the stack itself']));
  const problems: NameProblem[] = [];
  for (const [index, name] of names.entries()) {
    if (typeof name !== 'string') continue;
    const refuse = (problem: string, fix: string): void => void problems.push({ index, problem, fix });
    if (name === unattributed) refuse('is reserved for usage that no managed key explains', 'Choose another name.');
    if (name === usageReport) refuse('is reserved for what is said of the usage report', 'Choose another name.');
    if (name === allKeys) refuse('is reserved for what is said of all keys together', 'Choose another name.');
    const outputs = Object.values(managedKeyOutputs(name));
    const output = outputs.find((candidate) => taken.has(candidate));
    const other = output && taken.get(output);
    if (output !== undefined && other !== undefined) {
      if (other === name) refuse('is the name of an earlier managed key', 'Give each managed key a name of its own.');
      else refuse(`needs the output ${output}, as ${other} does`, 'Choose a name that differs in more than hyphens and endings.');
    }
    for (const each of outputs) taken.set(each, name);
  }
  return problems;
}
