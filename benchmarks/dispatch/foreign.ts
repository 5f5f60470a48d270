import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findPython, type Python, pythonLoops } from '../harness/python.js';

/** Where Debian's libnetty-java and libjctools-java put their archives. */
const JARS = '/usr/share/java/';
const NEEDED = [
  'netty-common.jar', // netty-all.jar is empty there
  'netty-buffer.jar',
  'netty-resolver.jar',
  'netty-transport.jar',
  'jctools-core.jar',
];
const PEERS = fileURLToPath(new URL('../../../benchmarks/peers/', import.meta.url));
const CLASSES = fileURLToPath(new URL('../../peers/', import.meta.url));

export interface Netty {
  readonly java: string;
  readonly version: string;
  readonly classPath: string;
}

/** The peers in other languages that are installed here. */
export interface Foreign {
  readonly python: Python | null;
  readonly netty: Netty | null;
  /** Why Netty is missing. */
  readonly nettyMissing: string;
}

/** Looks for them, and compiles what has to be. */
export function findForeign(): Foreign {
  const python = findPython();
  const lacking = NEEDED.filter((jar) => !existsSync(JARS + jar));
  if (lacking.length > 0) {
    return { python, netty: null, nettyMissing: `${lacking.join(' and ')} not found in ${JARS}` };
  }
  const classPath = [CLASSES, ...NEEDED.map((jar) => JARS + jar)].join(':');
  try {
    mkdirSync(CLASSES, { recursive: true });
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    };
    execFileSync('javac', ['-cp', classPath, '-d', CLASSES, `${PEERS}NettyDispatch.java`], options);
    const java = execFileSync('java', ['--version'], options).split('\n')[0] ?? '';
    return { python, netty: { java, version: nettyVersion(), classPath }, nettyMissing: '' };
  } catch (thrown) {
    const { code, stderr } = thrown as { code?: string; stderr?: string }; // execFileSync() throws nothing else
    return {
      python,
      netty: null,
      nettyMissing: code === 'ENOENT' ? 'no JDK' : `javac failed: ${stderr?.split('\n')[0] ?? ''}`,
    };
  }
}

/** How a peer's process is started; a string says why it is not. */
export function foreignCommand(
  name: 'asyncio' | 'uvloop' | 'Netty',
  scenario: string,
  { python, netty, nettyMissing }: Foreign,
): { command: string; args: string[] } | string {
  if (name === 'Netty') {
    if (netty === null) return nettyMissing;
    return { command: 'java', args: ['-cp', netty.classPath, 'NettyDispatch', scenario] };
  }
  if (python === null) return 'no Python';
  if (!pythonLoops(python).includes(name)) return `not installed for ${python.command}`;
  return { command: python.command, args: ['-B', `${PEERS}dispatch.py`, scenario, name] };
}

function nettyVersion(): string {
  const jar = readdirSync(JARS).find((name) => /^netty-transport-\d/.test(name));
  return jar?.slice('netty-transport-'.length, -'.jar'.length) ?? 'unknown';
}
