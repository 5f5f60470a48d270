import { execFileSync } from 'node:child_process';

/** Debian's is first: its python3-uvloop is where uvloop comes from. */
const COMMANDS = ['/usr/bin/python3', 'python3'];

const PROBE = `
import json, platform
try:
    import uvloop
    version = uvloop.__version__
except ImportError:
    version = None
print(json.dumps([platform.python_version(), version]))
`;

/** The interpreter that asyncio and uvloop run in. */
export interface Python {
  readonly command: string;
  readonly version: string;
  /** uvloop's version; null: there is none. */
  readonly uvloop: string | null;
}

/** The first one with uvloop, or else the first one; null: there is none. */
export function findPython(): Python | null {
  const found = COMMANDS.map(probe).filter((python) => python !== null);
  return found.find(({ uvloop }) => uvloop !== null) ?? found[0] ?? null;
}

/** Which of Python's two loops there are. */
export function pythonLoops(python: Python | null): string[] {
  if (python === null) return [];
  return python.uvloop === null ? ['asyncio'] : ['asyncio', 'uvloop'];
}

function probe(command: string): Python | null {
  try {
    const printed = execFileSync(command, ['-c', PROBE], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const [version, uvloop] = JSON.parse(printed) as [string, string | null]; // see PROBE
    return { command, version, uvloop };
  } catch {
    return null; // not installed
  }
}
