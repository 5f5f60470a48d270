// prints:
// exited with 2
// [stderr] no such directory
// [stdout] hello

// The example of asyncio's documentation of subprocesses.

import { createSubprocessShell, PIPE, run } from 'ringloop';

async function runCommand(command: string): Promise<void> {
  const made = await createSubprocessShell(command, { stdout: PIPE, stderr: PIPE });
  const [stdout, stderr] = await made.communicate();

  console.log(`exited with ${made.returncode}`);
  if (stderr !== null) console.log(`[stderr] ${stderr.toString().trim()}`);
  if (stdout !== null) console.log(`[stdout] ${stdout.toString().trim()}`);
}

await run(() => runCommand('echo hello; echo no such directory >&2; exit 2'));
