import { writeFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { block, page, root } from './pages.ts';

/**
 * Puts what the demo prints into the README, shortened. To run after anything that changes the demo:
 *
 *     npm run demo | node --import tsx test/docs/demo-excerpt.ts && npm run picture
 */
const lines = (await text(process.stdin)).split('\n').map((line) => line.trimEnd());
const story = lines.filter((line) => /^\d{4}-\d\d-\d\d \d\d:\d\d /.test(line));
const stolen = story.find((line) => / theft +/.test(line))?.split(/ +/)[3];
if (stolen === undefined) throw new Error('the demo printed no theft: pipe the whole output of npm run demo in');
const own = story.filter((line) => line.includes(` ${stolen} `));
const theft = own.findIndex((line) => / theft +/.test(line));
const first = (word: string): readonly string[] => own.filter((line) => line.includes(` ${word} `)).slice(0, 1);
const figures = lines.indexOf('Figures');
const excerpt = [
  ...[...first('install'), ...first('rotation'), '…', ...first('retirement'), '…', ...own.slice(theft), '…'],
  ...lines.slice(figures, figures + 6),
];
const readme = page('README.md');
const before = block(readme, 'demo');
writeFileSync(
  join(root, 'README.md'),
  readme.text.replace(before, () => ['```text', ...excerpt, '```'].join('\n')),
);
