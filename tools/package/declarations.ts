import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

/** The declarations of `entry` and of all that they name, by path from `root`. For CommonJS, as the constructs are built. */
export function declarationsOf(entry: string, root: string): ReadonlyMap<string, string> {
  const config = ts.getParsedCommandLineOfConfigFile(
    join(root, 'tsconfig.json'),
    { noEmit: false, incremental: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: root },
    { ...ts.sys, onUnRecoverableConfigFileDiagnostic: refuse },
  );
  const { tsBuildInfoFile: _none, ...options } = config?.options ?? {};
  const program = ts.createProgram([entry], options);
  const emitted = new Map<string, string>();
  const { diagnostics } = program.emit(undefined, (file, text) => emitted.set(relative(root, file).replace(/\.d\.ts$/, ''), text));
  const [wrong] = [...ts.getPreEmitDiagnostics(program), ...diagnostics];
  if (wrong !== undefined) refuse(wrong);

  const named = new Map<string, string>();
  const open = [relative(root, entry).replace(/\.ts$/, '')];
  for (const module of open) {
    const text = emitted.get(module);
    if (text === undefined) throw new Error(`${module}.ts is named, and has no declaration`);
    if (named.has(`${module}.d.cts`)) continue;
    named.set(
      `${module}.d.cts`,
      text.replaceAll(/(from |import\()(['"])(\.[^'"]+)\.ts\2/g, (_whole, before: string, quote: string, path: string) => {
        open.push(join(dirname(module), path));
        return `${before}${quote}${path}.cjs${quote}`;
      }),
    );
  }
  return named;
}

function refuse(diagnostic: ts.Diagnostic): never {
  throw new Error(ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}
