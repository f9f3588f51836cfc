import { readFileSync } from 'node:fs';
import type { Problem } from './problem.ts';

export type FileText = { readonly text: string } | Problem;

const saveAsUtf8 = 'Save it as UTF-8: in the editor ("Save with encoding"), or on a command line with iconv.';

/** A file's text, or why it has none. JSON is UTF-8 (RFC 8259); anything else would be read as other letters, or as none. */
export function readText(file: string): FileText {
  try {
    return textOf(readFileSync(file));
  } catch (error) {
    return unreadable(error instanceof Error && 'code' in error ? String(error.code) : 'unknown error');
  }
}

export function textOf(bytes: Uint8Array): FileText {
  const marked = byteOrderMarks.find(({ mark }) => mark.every((byte, index) => bytes[index] === byte));
  if (marked !== undefined) return unusable(`is written in ${marked.encoding}, not in UTF-8`, saveAsUtf8);
  if (bytes.includes(0)) {
    const sixteen = unmarkedUtf16(bytes);
    return sixteen === undefined
      ? unusable('is no text: it holds zero bytes', 'Give the configuration itself; keyguard.example.json shows its shape.')
      : unusable(`is written in ${sixteen}, not in UTF-8`, saveAsUtf8);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    const line = lineOfBadByte(bytes);
    return unusable(`is not UTF-8: line ${line} holds a letter of another encoding, such as Latin-1 or Windows-1252`, saveAsUtf8);
  }
  return text.trim() === '' ? unusable('is empty', 'Copy keyguard.example.json to it, and put your own names in.') : { text };
}

/** The longer ones first: UTF-32 LE begins as UTF-16 LE does. */
const byteOrderMarks: readonly { readonly mark: readonly number[]; readonly encoding: string }[] = [
  { mark: [0xff, 0xfe, 0, 0], encoding: 'UTF-32 (little-endian)' },
  { mark: [0, 0, 0xfe, 0xff], encoding: 'UTF-32 (big-endian)' },
  { mark: [0xff, 0xfe], encoding: 'UTF-16 (little-endian)' },
  { mark: [0xfe, 0xff], encoding: 'UTF-16 (big-endian)' },
];

/** JSON begins with an ASCII character: in UTF-16 its other half is zero. */
function unmarkedUtf16([first, second]: Uint8Array): string | undefined {
  if (first !== 0 && second === 0) return 'UTF-16 (little-endian)';
  return first === 0 && second !== 0 ? 'UTF-16 (big-endian)' : undefined;
}

function lineOfBadByte(bytes: Uint8Array): number {
  const replaced = new TextDecoder('utf-8').decode(bytes);
  return replaced.slice(0, replaced.indexOf('\uFFFD')).split('\n').length;
}

function unreadable(code: string): Problem {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return unusable('does not exist', 'Copy keyguard.example.json to it, or name another with -c config=PATH or --config PATH.');
    case 'EISDIR':
      return unusable('is a folder', 'Name the file in it.');
    case 'EACCES':
    case 'EPERM':
      return unusable(`may not be read by you (${code})`, 'Change its permissions: chmod u+r FILE.');
    default:
      return unusable(`cannot be read (${code})`, 'Check the path, and the disk that it is on.');
  }
}

function unusable(problem: string, fix: string): Problem {
  return { path: '', problem, fix };
}
