/**
 * A pooled thread of the explorer, started with `--conditions=model`. Between explorations it waits for messages; during
 * one it is blocked at its gate and runs its program once per schedule.
 */
import { parentPort } from 'node:worker_threads';
import type * as Model from '../../packages/core/dist/memory/atomics-model.js';
import * as c from './control.js';
import { GateScheduler, ScheduleOver } from './thread-scheduler.js';

/** What a program gets besides its buffers. */
export interface ModelThread {
  readonly name: string;
  /** The `input` of its description, cloned. */
  readonly input: unknown;
  /** The seam: the same module instance that the production code in this worker imports as `#atomics`. */
  readonly atomics: typeof Model;
}

/** One thread's part of an exploration. */
export interface Assignment {
  readonly module: string;
  readonly program: string;
  readonly thread: number;
  readonly name: string;
  readonly input: unknown;
  readonly buffers: Readonly<Record<string, SharedArrayBuffer>>;
  readonly control: Int32Array;
  /** Room for this thread's result or error, as JSON. */
  readonly result: Uint8Array;
}

type Program = (buffers: Assignment['buffers'], thread: ModelThread) => unknown;

// By path because no package exports it; to be the same instance as `#atomics` it must be the same file.
const MODEL_URL = new URL('../../../packages/core/dist/memory/atomics-model.js', import.meta.url);

const port = parentPort;
if (port !== null) {
  port.on('message', (assignment: Assignment) => {
    serve(assignment).catch((error: unknown) => port.postMessage({ error: String(error) }));
  });
}

async function serve(assignment: Assignment): Promise<void> {
  const atomics = (await import(MODEL_URL.href)) as typeof Model; // import() is untyped for a computed URL
  const program = await loadProgram(assignment);
  const { control, thread, name, input, buffers } = assignment;
  const scheduler = new GateScheduler(control, Object.values(buffers), thread);
  port?.postMessage({});
  while (scheduler.awaitStart() === 'run') {
    atomics.setScheduler(scheduler);
    let state: number = c.State.finished;
    try {
      writeResult(assignment, await program(buffers, { name, input, atomics }));
    } catch (error) {
      state = c.State.failed;
      if (!(error instanceof ScheduleOver)) writeResult(assignment, describeError(error));
    }
    atomics.setScheduler(null);
    scheduler.end(state);
  }
}

async function loadProgram({ module, program }: Assignment): Promise<Program> {
  const exports = (await import(module)) as Record<string, unknown>; // import() is untyped for a computed URL
  const found = exports[program];
  if (typeof found !== 'function')
    throw new TypeError(`Cannot run "${program}": ${module} exports no such function`);
  return found as Program; // its parameters are the caller's promise
}

function describeError(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return text.slice(0, c.MAX_RESULT_BYTES / 4); // at most 4 bytes a character once it is JSON, nearly always
}

function writeResult({ control, thread, result }: Assignment, value: unknown): void {
  const json = JSON.stringify(value) as string | undefined; // undefined for undefined
  const bytes = Buffer.from(json ?? '', 'utf8');
  if (bytes.length > result.length) throw new RangeError(`Cannot return ${bytes.length} bytes of JSON`);
  result.set(bytes);
  control[c.threadAt(thread) + c.RESULT_BYTES] = bytes.length;
}
