import { Html, html } from './markup.ts';
import { styles } from './styles.ts';

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Style sheets of the parts that stand in the body. */
  readonly styles?: readonly string[];
  /** Scripts that run at the end of the body, in order. */
  readonly scripts?: readonly string[];
}

/** Tells a report of ours from any other file that stands where one is to be written. */
export const reportMark = '<meta name="generator" content="Anthropic Key Guard" />';

/**
 * One file that needs nothing else: no network (the policy forbids every load), no font, no other file.
 * Styles and scripts are ours or a dependency's, never data; what a script draws stands in the body as JSON.
 */
export function pageOf(page: Page): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta
          http-equiv="Content-Security-Policy"
          content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
        />
        <meta name="referrer" content="no-referrer" />
        ${new Html(reportMark)}
        <title>${page.title}</title>
        ${[styles, ...(page.styles ?? [])].map(styleElement)}
      </head>
      <body>
        ${page.body} ${(page.scripts ?? []).map(scriptElement)}
      </body>
    </html> `.text;
}

function styleElement(text: string): Html {
  return new Html(`<style>${refusing(text, /<\/style/i)}</style>`);
}

function scriptElement(text: string): Html {
  return new Html(`<script>${refusing(text, /<\/script|<!--/i)}</script>`);
}

/** A text that would end its own element is a mistake of ours, and must not become markup. */
function refusing(text: string, end: RegExp): string {
  if (end.test(text)) throw new Error('a style or script of the report would end its own element');
  return text;
}
