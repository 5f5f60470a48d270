/**
 * The explorer's worker threads. Starting one costs tens of milliseconds, so they are kept for the life of the process
 * and shared by all test files: the one module-level state of this folder. They are not referenced while idle or blocked,
 * so they do not keep the process alive.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Assignment } from './worker.js';

const idle: Worker[] = [];

/** Takes a worker for one thread of an exploration; resolves when it waits at its gate. */
export async function assign(assignment: Assignment): Promise<Worker> {
  const worker = idle.pop() ?? startWorker();
  worker.ref();
  worker.postMessage(assignment);
  const [answer] = (await once(worker, 'message')) as [{ error?: string }]; // worker.ts posts nothing else
  worker.unref();
  if (answer.error !== undefined) {
    giveBack(worker);
    throw new Error(`Cannot start thread "${assignment.name}": ${answer.error}`);
  }
  return worker;
}

/** The worker has left its gate, or is about to, and can serve another exploration. */
export function giveBack(worker: Worker): void {
  idle.push(worker);
}

function startWorker(): Worker {
  return new Worker(new URL('./worker.js', import.meta.url), {
    execArgv: ['--conditions=model', '--enable-source-maps'],
  });
}
