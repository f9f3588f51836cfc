import { lastingConditions, runLasting, type LastingResult } from '../lasting.ts';
import { plainTable } from '../table.ts';
import { violationText } from '../violation.ts';
import type { Extent, Outcome } from './suite.ts';

const longHours = 30;
const shortHours = 6;
/** One of each sort: about fifteen seconds each. */
const inShort: readonly string[] = ['block page', 'another organization', 'block page for values only', 'standing report'];

/** Hours in which Anthropic's side answers wrongly, with something due for each kind of key. */
export async function lastingSuite(
  { seed, short, say }: Extent,
  { condition }: { readonly condition?: string | undefined },
): Promise<Outcome> {
  const hours = short ? shortHours : longHours;
  const results: LastingResult[] = [];
  const chosen = lastingConditions.filter(({ name }) => (condition === undefined ? !short || inShort.includes(name) : name === condition));
  for (const each of chosen) {
    const result = await runLasting(each, { seed, hours });
    results.push(result);
    say(`${each.name}: ${result.violations.length} violations\n`);
  }
  const head = ['what lasts', 'hours', 'violations', 'what people were told'];
  const rows = results.map(({ condition: name, hours: lasted, told, violations }) => [
    name,
    String(lasted),
    String(violations.length),
    told.length === 0 ? 'nothing' : told.join(', '),
  ]);
  return {
    text: plainTable([head, ...rows]),
    data: results,
    violations: results.flatMap(({ condition: name, violations }) => violations.map((each) => `VIOLATED ${name}: ${violationText(each)}`)),
  };
}
