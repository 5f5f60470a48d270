import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** Compiles the files where they are, with the project's own options, and returns what the compiler has to say. */
export function compile(files: readonly URL[], baseConfig: URL): string[] {
  const configFile = fileURLToPath(baseConfig);
  const { config } = ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, files: [] },
    ts.sys,
    fileURLToPath(new URL('.', baseConfig)),
  );
  const program = ts.createProgram(
    files.map((file) => fileURLToPath(file)),
    { ...options, composite: false, declaration: false, declarationMap: false, sourceMap: false },
  );
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(describe);
}

function describe({ file, start = 0, messageText }: ts.Diagnostic): string {
  const message = ts.flattenDiagnosticMessageText(messageText, '\n');
  if (file === undefined) return message;
  const { line } = file.getLineAndCharacterOfPosition(start);
  return `${file.fileName}:${line + 1}: ${message}`;
}
