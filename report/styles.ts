/**
 * The look of every report. System fonts only, light and dark by the reader's setting, and always light on paper:
 * `:root.paper` is set while the browser prints.
 */
const light = `
  --ground: #ffffff; --raised: #f6f7f9; --line: #d9dde3; --ink: #1a2129; --soft: #56616e;
  --accent: #1f5fbf; --good: #17703a; --bad: #b3261e; --warn: #8a5300;
  --observed: #1f5fbf; --peak: #9dbbe8; --typical: #4d7a5f; --band: rgba(60, 140, 95, 0.22); --theft: rgba(200, 40, 30, 0.13); --grid: #e6e9ed;
  color-scheme: light;`;
const dark = `
  --ground: #12161b; --raised: #1b2129; --line: #343d48; --ink: #e6eaef; --soft: #a2adb9;
  --accent: #8ab4f8; --good: #6fd394; --bad: #ff8d85; --warn: #f0b85a;
  --observed: #8ab4f8; --peak: #3d5c8c; --typical: #8fcba8; --band: rgba(110, 200, 150, 0.22); --theft: rgba(255, 90, 80, 0.20); --grid: #262e37;
  color-scheme: dark;`;

export const styles = `
:root {${light}}
@media (prefers-color-scheme: dark) { :root {${dark}} }
:root.paper {${light}}
@media print { :root {${light}} }
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  -webkit-text-size-adjust: 100%;
}
main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header.top { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.25rem 0; }
header.top .kicker { color: var(--soft); font-size: 0.875rem; margin: 0; }
h1 { font-size: clamp(1.5rem, 1.1rem + 1.8vw, 2.125rem); line-height: 1.25; font-weight: 650; letter-spacing: -0.012em; margin: 0.4rem 0 0.6rem; max-width: 54rem; text-wrap: balance; }
h2 { font-size: 1.375rem; line-height: 1.3; font-weight: 650; margin: 3rem 0 0.75rem; letter-spacing: -0.008em; }
h3 { font-size: 1.0625rem; font-weight: 650; margin: 2rem 0 0.5rem; }
p { margin: 0 0 0.75rem; max-width: 46rem; }
.soft { color: var(--soft); }
.small { font-size: 0.875rem; }
a { color: var(--accent); }
code, .mono { font: 0.9em/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; overflow-wrap: anywhere; }
nav.contents { display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; font-size: 0.9375rem; margin: 0.5rem 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(10.5rem, 1fr)); gap: 0.75rem; margin: 1.5rem 0 0; padding: 0; list-style: none; }
.figures li { background: var(--raised); border: 1px solid var(--line); border-radius: 8px; padding: 0.75rem 0.9rem; }
.figures .value { display: block; font-size: 1.5rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.figures .label { display: block; font-size: 0.875rem; }
.figures .note { display: block; font-size: 0.8125rem; color: var(--soft); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
caption { text-align: left; color: var(--soft); font-size: 0.875rem; padding: 0 0 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.45rem 0.9rem 0.45rem 0; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); font-size: 0.8125rem; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.when { white-space: nowrap; font-variant-numeric: tabular-nums; }
.mark { display: inline-block; white-space: nowrap; font-size: 0.8125rem; font-weight: 600; padding: 0.05rem 0.5rem; border-radius: 99px; border: 1px solid currentColor; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .plain { color: var(--soft); } .accent { color: var(--accent); }
figure { margin: 0.75rem 0 1.5rem; }
figcaption { font-size: 0.875rem; color: var(--soft); margin: 0 0 0.35rem; max-width: 46rem; }
figcaption strong { color: var(--ink); font-size: 0.9375rem; display: block; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1rem; font-size: 0.8125rem; color: var(--soft); margin: 0.25rem 0 0; padding: 0; list-style: none; }
.legend i { display: inline-block; width: 1.1em; height: 0.7em; border-radius: 2px; margin-right: 0.4em; vertical-align: 0; }
.key + .key { border-top: 1px solid var(--line); margin-top: 2rem; padding-top: 0.25rem; }
h2 + .key h3 { margin-top: 0.5rem; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); gap: 0 2rem; align-items: end; }
.plots figure { margin-bottom: 0.75rem; min-width: 0; }
.facts { display: flex; flex-wrap: wrap; gap: 0.1rem 1.25rem; font-size: 0.875rem; color: var(--soft); margin: 0 0 0.5rem; }
.message { border: 1px solid var(--line); border-radius: 8px; margin: 0 0 0.75rem; background: var(--ground); }
.message > summary { cursor: pointer; padding: 0.6rem 0.9rem; display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; align-items: baseline; }
.message > summary .when { font-variant-numeric: tabular-nums; color: var(--soft); white-space: nowrap; }
.message .pair { display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 7fr); gap: 1.25rem; padding: 0.5rem 0.9rem 1rem; align-items: start; }
.pair h4 { margin: 0 0 0.4rem; font-size: 0.8125rem; font-weight: 600; color: var(--soft); }
footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 3rem; color: var(--soft); font-size: 0.875rem; }
@media (max-width: 860px) { .message .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 620px) {
  .timeline thead { display: none; } .timeline tr { display: grid; grid-template-columns: max-content 1fr max-content; gap: 0 0.75rem; padding: 0.45rem 0; border-bottom: 1px solid var(--line); }
  .timeline td { padding: 0; border: 0; } .timeline td:nth-child(3) { justify-self: end; } .timeline td:nth-child(4) { font-weight: 600; } .timeline td:nth-child(5) { grid-column: 1 / -1; }
  .timeline td:nth-child(4) { grid-column: 1 / -1; grid-row: 2; } .timeline, .timeline tbody, .timeline caption { display: block; }
}
@media (max-width: 520px) { body { font-size: 15px; } main, footer, header.top { padding-left: 0.9rem; padding-right: 0.9rem; } header.top { padding-top: 1.5rem; } h2 { margin-top: 2.25rem; } th, td { padding-right: 0.6rem; } }
:root.paper main, :root.paper header.top, :root.paper footer { width: 680px; margin-left: 0; padding-left: 0; padding-right: 2px; }
:root.paper .plots { grid-template-columns: minmax(0, 1fr); }
@media print {
  body { font-size: 10.5pt; } nav.contents { display: none; }
  h2, h3, figcaption, .facts { break-after: avoid; } figure, tr, .figures li, .message:not([open]) { break-inside: avoid; }
  main, header.top, footer { max-width: none; padding: 0; }
}
`;
