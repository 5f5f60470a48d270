import { waitFor } from '@ringloop/core';
import {
  DEVNULL,
  PIPE,
  STDOUT,
  type ReadPipeTransport,
  type SelectorEventLoop,
  type SubprocessOptions,
  type SubprocessProtocol,
  type SubprocessTransport,
  type WritePipeTransport,
} from '@ringloop/net';
import type { Action, Condition, Failing, SubprocessProgram, SubprocessTrace } from './program.js';

/** Seconds after which what a step must lead to will never come. */
const PATIENCE = 20;

const STREAMS = { pipe: PIPE, devnull: DEVNULL, stdout: STDOUT } as const;

/**
 * Does what oracle/subprocesses.py does, which is its twin.
 * @param how options that change nothing but the way in which the child is started
 */
export async function runOurs(
  loop: SelectorEventLoop,
  program: SubprocessProgram,
  how: SubprocessOptions,
): Promise<SubprocessTrace> {
  const recorder = new Recorder(program.failing);
  loop.setExceptionHandler((_loop, context) => recorder.note('reported', context.exception?.message ?? ''));
  const { stdin, stdout, stderr } = program.stdio;
  const [transport] = await loop.subprocessExec(() => recorder, '/bin/sh', ['-c', program.script], {
    ...how,
    stdin: STREAMS[stdin],
    stdout: STREAMS[stdout],
    stderr: STREAMS[stderr],
  });
  const trace: string[][] = [];
  for (const step of program.steps) {
    try {
      act(step, recorder);
    } catch (thrown) {
      recorder.note('raised', codeOf(thrown as Error));
    }
    await recorder.until(loop, step.until);
    trace.push(recorder.events.splice(0));
  }
  transport.close();
  await recorder.until(loop, [['ended', 1]]);
  trace.push(recorder.events.splice(0));
  return trace;
}

class Recorder implements SubprocessProtocol {
  readonly events: string[] = [];
  text = '';
  readonly #seen = new Map<string, number>();
  #failing: Failing | null;
  #transport: SubprocessTransport | null = null;
  #changed: () => void = () => undefined;

  constructor(failing: Failing | null) {
    this.#failing = failing;
  }

  get transport(): SubprocessTransport {
    if (this.#transport === null) throw new Error('connectionMade() was not called');
    return this.#transport;
  }

  note(...event: (string | number)[]): void {
    this.events.push(event.join(' '));
    this.#changed();
  }

  connectionMade(transport: SubprocessTransport): void {
    this.#transport = transport;
    const pipes = [0, 1, 2, 3].filter((fd) => transport.getPipeTransport(fd) !== null);
    this.note('made', 'pipes', ...pipes);
    this.#failIn('connectionMade');
  }

  pipeDataReceived(fd: number, data: Buffer): void {
    const name = `bytes ${fd}`;
    this.#seen.set(name, (this.#seen.get(name) ?? 0) + data.length);
    if (fd === 1) this.text += data.toString();
    this.note('data', fd, data.toString().replace(/pid:\d+/g, 'pid:#'));
    this.#failIn('pipeDataReceived');
  }

  pipeConnectionLost(fd: number, exc: Error | null): void {
    this.#seen.set(`lost ${fd}`, 1);
    this.note('pipe_lost', fd, codeOf(exc));
    this.#failIn('pipeConnectionLost');
  }

  processExited(): void {
    this.#seen.set('exited', 1);
    this.note('exited', String(this.transport.getReturncode()));
    this.#failIn('processExited');
  }

  connectionLost(exc: Error | null): void {
    this.#seen.set('ended', 1);
    const { transport } = this;
    const returncode = String(transport.getReturncode());
    this.note('lost', codeOf(exc), 'returncode', returncode, 'closing', String(transport.isClosing()));
  }

  pauseWriting(): void {
    this.#seen.set('paused', 1);
    this.note('pause_writing');
  }

  resumeWriting(): void {
    this.#seen.set('resumed', 1);
    this.note('resume_writing');
  }

  async until(loop: SelectorEventLoop, conditions: readonly Condition[]): Promise<void> {
    while (conditions.some(([name, least]) => (this.#seen.get(name) ?? 0) < least)) {
      const changed = loop.createFuture<undefined>();
      this.#changed = () => {
        if (!changed.done()) changed.setResult(undefined);
      };
      await waitFor(changed, PATIENCE);
    }
  }

  #failIn(method: Failing): void {
    if (this.#failing !== method) return;
    this.#failing = null;
    throw new Error(method);
  }
}

function act(action: Action, { transport, text }: Recorder): void {
  switch (action.do) {
    case 'write':
      pipeOf<WritePipeTransport>(transport, 0).write(Buffer.from(action.value));
      break;
    case 'writeMuch':
      pipeOf<WritePipeTransport>(transport, 0).write(Buffer.alloc(action.value, 'x'));
      break;
    case 'closePipe':
      pipeOf(transport, action.value).close();
      break;
    case 'pause':
      pipeOf<ReadPipeTransport>(transport, action.value).pauseReading();
      break;
    case 'resume':
      pipeOf<ReadPipeTransport>(transport, action.value).resumeReading();
      break;
    case 'signal':
      transport.sendSignal(action.value);
      break;
    case 'killGrandchild':
      process.kill(Number(/pid:(\d+)\n$/.exec(text)?.[1]), 'SIGKILL');
      break;
    case 'wait':
      break;
    default:
      transport[action.do]();
  }
}

/** The programs name only pipes that are there, and call only what they have. */
function pipeOf<T extends ReadPipeTransport | WritePipeTransport>(
  transport: SubprocessTransport,
  fd: number,
): T {
  const pipe = transport.getPipeTransport(fd);
  if (pipe === null) throw new Error(`There is no pipe ${fd}`);
  return pipe as T;
}

function codeOf(exc: Error | null): string {
  return exc === null ? 'null' : ((exc as NodeJS.ErrnoException).code ?? exc.message);
}
