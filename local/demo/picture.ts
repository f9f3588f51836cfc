import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

/** Where Linux and macOS put a Chromium; the variable CHROMIUM names another. */
const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];
const width = 1120;
/** More is slow to load for people who only open the README. */
const largestKb = 300;

/** What stands in the report only: a picture that shows everything shows nothing. */
const leftOut = [
  'nav.contents',
  'main > :not(.figures, section.key)',
  'section.key ~ *',
  'footer',
  '.plots ~ .plots',
  '.markers ~ .markers',
];

const root = join(import.meta.dirname, '..', '..');
const report = join(root, 'out', 'demo.html');
const picture = join(root, 'docs', 'images', 'demo.png');

/** Draws the README's picture from the demo's report: its headline and figures, and the plots of the key that was stolen. */
async function drawPicture(executablePath: string): Promise<void> {
  const browser = await chromium.launch({
    executablePath,
    // Chromium refuses its sandbox to the superuser, whom containers run as.
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await browser.newPage({ viewport: { width, height: 900 } });
    await page.goto(pathToFileURL(report).href, { waitUntil: 'load' });
    await page.locator('section.key canvas').first().waitFor();
    await page.addStyleTag({ content: `${leftOut.join(', ')} { display: none !important; }` });
    const key = await page.locator('section.key').first().boundingBox();
    if (key === null) throw new Error(`${report} shows no key: run npm run demo again`);
    await mkdir(dirname(picture), { recursive: true });
    await page.screenshot({ path: picture, clip: { x: 0, y: 0, width, height: Math.ceil(key.y + key.height) }, fullPage: true });
  } finally {
    await browser.close();
  }
}

async function firstThere(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      await access(path);
      return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

const named = process.env['CHROMIUM'];
const executablePath = await firstThere(named === undefined ? usualPlaces : [named]);
if (executablePath === undefined) {
  console.log(`The picture was skipped: no Chromium at ${named ?? usualPlaces.join(', ')}. Name one: CHROMIUM=/path npm run picture`);
} else if ((await firstThere([report])) === undefined) {
  console.error('There is no out/demo.html to draw. Make it first: npm run demo');
  process.exitCode = 1;
} else {
  await drawPicture(executablePath);
  const kb = Math.ceil((await stat(picture)).size / 1000);
  console.log(`docs/images/demo.png: ${kb} kB, ${width} pixels wide`);
  if (kb >= largestKb) {
    console.error(`The picture is larger than ${largestKb} kB: show less of the report`);
    process.exitCode = 1;
  }
}
