import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

export interface Page {
  /** From the project's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export function filesIn(folder: string, ending: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Everything that people read. */
export const pages: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  ...filesIn('docs', '.md'),
  ...filesIn('examples', '.md'),
].map((path) => ({ path, text: read(path) }));

export function page(path: string): Page {
  const found = pages.find((candidate) => candidate.path === path);
  if (found === undefined) throw new Error(`there is no page ${path}`);
  return found;
}

/** The text between `<!-- name` and `<!-- /name -->`. */
export function block({ path, text }: Page, name: string): string {
  const found = new RegExp(`<!-- ${name}[^>]*-->\\n([\\s\\S]*?)\\n<!-- /${name} -->`).exec(text)?.[1];
  if (found === undefined) throw new Error(`${path} has no block ${name}`);
  return found;
}

/** The headings of a page without those in code blocks. */
export function headings(text: string): readonly { readonly level: number; readonly title: string }[] {
  return [...withoutFences(text).matchAll(/^(#{1,6}) (.+)$/gm)].map(([, marks = '', title = '']) => ({
    level: marks.length,
    title: title.trim(),
  }));
}

/** The part of an address behind `#`, as GitHub makes it from a heading. */
export function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

export function withoutFences(text: string): string {
  return text.replace(/^ *```[\s\S]*?^ *```$/gm, '');
}

/** The contents of the code blocks of a language. */
export function fences(text: string, language: string): readonly string[] {
  return [...text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\`$`, 'gm'))].map(([, , content = '']) => content);
}
