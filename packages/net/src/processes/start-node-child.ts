import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import net from 'node:net';
import { NoEpollError } from '../errors.js';
import { isSystemError } from '../libc/system-error.js';
import { LateAnswer } from '../late-answer.js';
import { NET, type NetLoop } from '../loop-net.js';
import { errnoOf } from '../node-handles/node-error.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import type { PipeEnd } from '../pipes/pipe-file.js';
import { noteChild } from './child-ledger.js';
import type { PipeEnds, StartedChild } from './child.js';
import { ChildStdio } from './child-stdio.js';
import type { SystemText } from './c-strings.js';
import { tryPrograms } from './find-program.js';
import { HandleEnd } from './handle-end.js';
import { NodeChild } from './node-child.js';
import type { ChildDescriptor } from './posix-spawn.js';
import type { ProcessSpec } from './process-spec.js';
import { spawnFailed } from './spawn-failed.js';
import type { StdioPlan } from './stdio.js';

/** Starts a process with node:child_process, which copies this process for that: it takes longer, the larger this process is. */
export async function startNodeChild(loop: NetLoop, spec: ProcessSpec): Promise<StartedChild> {
  const { handles } = loop[NET];
  return handles === null ? withDescriptors(loop, spec) : withHandles(loop, spec, handles);
}

async function withDescriptors(loop: NetLoop, spec: ProcessSpec): Promise<StartedChild> {
  const stdio = new ChildStdio(spec.stdio);
  try {
    const [, stdout = 'closed'] = stdio.sources;
    const started = await start(
      loop,
      spec,
      stdio.sources.map((source, target) =>
        source === 'stdout' ? nodeSource(stdout, 1) : nodeSource(source, target),
      ),
    );
    stdio.started();
    return { child: started.child, ends: stdio.ends };
  } catch (thrown) {
    stdio.failed();
    throw thrown;
  }
}

function nodeSource(source: ChildDescriptor, target: number): number | 'ignore' {
  if (source === 'inherited') return target;
  return typeof source === 'number' ? source : 'ignore';
}

async function withHandles(loop: NetLoop, spec: ProcessSpec, handles: HandleSelector): Promise<StartedChild> {
  const { child, node } = await start(
    loop,
    joinsPipe(spec.stdio) ? joined(spec) : spec,
    spec.stdio.map((plan, target) => handleSource(plan, target, spec.stdio)),
  );
  const streams = [node.stdin, node.stdout, node.stderr] as readonly unknown[]; // sockets, where there are pipes
  const [stdin = null, stdout = null, stderr = null] = streams.map((stream): PipeEnd | null =>
    stream instanceof net.Socket ? new HandleEnd(handles, stream) : null,
  );
  const ends: PipeEnds = [stdin, stdout, stderr];
  return { child, ends };
}

function handleSource(plan: StdioPlan[number], target: number, all: StdioPlan): number | 'pipe' | 'ignore' {
  if (plan === 'pipe') return 'pipe';
  if (plan === 'null device') return 'ignore';
  if (plan === 'inherited') return target;
  if (plan !== 'stdout') return plan;
  return joinsPipe(all) ? 'ignore' : handleSource(all[1], 1, all);
}

function joinsPipe([, stdout, stderr]: StdioPlan): boolean {
  return stdout === 'pipe' && stderr === 'stdout';
}

/** Node cannot give a child the same pipe twice. A shell can. */
function joined(spec: ProcessSpec): ProcessSpec {
  if (process.platform === 'win32')
    throw new NoEpollError("Cannot use STDOUT for stderr when stdout is a pipe: Node's own handles cannot");
  const { program, args, env, cwd } = spec;
  const missing = tryPrograms({ program, path: env.path, cwd }, (_file, seenFromHere) =>
    tryAccess(seenFromHere.subarray(0, -1)),
  );
  if (missing < 0) throw spawnFailed(-missing, spec); // the shell would report it as an exit code
  return { ...spec, program: '/bin/sh', args: ['-c', 'exec "$0" "$@" 2>&1', program, ...args] };
}

function tryAccess(path: Buffer): number {
  try {
    accessSync(path, constants.X_OK);
    return 0;
  } catch (thrown) {
    return -errnoOf(thrown as NodeJS.ErrnoException); // accessSync() throws nothing else
  }
}

async function start(
  loop: NetLoop,
  spec: ProcessSpec,
  stdio: StdioOptions,
): Promise<{ child: NodeChild; node: ChildProcess }> {
  const entry = noteChild();
  try {
    const node = spawn(textOf(spec.program), spec.args.map(textOf), {
      stdio,
      env: spec.env.toObject(),
      detached: spec.startNewSession,
      ...(spec.cwd === null ? {} : { cwd: spec.cwd }),
      ...(spec.uid === null ? {} : { uid: spec.uid }),
      ...(spec.gid === null ? {} : { gid: spec.gid }),
      ...(spec.isShell && process.platform === 'win32' ? { windowsVerbatimArguments: true } : {}),
    });
    if (node.pid === undefined) throw await errorOf(loop, node);
    if (entry !== null) entry.words[entry.at] = node.pid;
    return { child: new NodeChild(loop, node, node.pid, entry), node };
  } catch (thrown) {
    entry?.release();
    throw isSystemError(thrown) ? spawnFailed(errnoOf(thrown), spec) : thrown;
  }
}

/** Node tells some errors at once, and others later. */
async function errorOf(loop: NetLoop, node: ChildProcess): Promise<Error> {
  const told = new LateAnswer<Error>(loop);
  node.once('error', (error) => told.resolve(error));
  return told.future;
}

/** Node takes no bytes. @throws {NoEpollError} ERR_NO_EPOLL when they are no UTF-8 */
function textOf(text: SystemText): string {
  if (typeof text === 'string') return text;
  const decoded = Buffer.from(text).toString();
  if (Buffer.from(decoded).equals(text)) return decoded;
  throw new NoEpollError(`Cannot pass bytes that are no UTF-8 to node:child_process: ${decoded}`);
}
