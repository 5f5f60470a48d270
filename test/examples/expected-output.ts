import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of Node in a process of its own. */
export async function runProgram(program: URL): Promise<Ended> {
  const child = spawn(process.execPath, [fileURLToPath(program)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/**
 * What was printed, with every line put as it was expected where that has an ellipsis and they match: so that a comparison
 * of the whole shows the lines that differ and no others.
 */
export function inTermsOf(expected: string, printed: string): string {
  const expectedLines = expected.split('\n');
  const lines = printed.split('\n').map((line, index) => {
    const wanted = expectedLines[index] ?? '';
    return patternOf(wanted).test(line) ? wanted : line;
  });
  return lines.join('\n');
}

/** An ellipsis stands for any text within a line. */
function patternOf(line: string): RegExp {
  const parts = line.split('…').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.+')}$`);
}
