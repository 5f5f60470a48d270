// Runs one loop in every worker of a LoopGroup, from 'ready' to 'closed'. Started by group-entry.cts.
import { parentPort, workerData } from 'node:worker_threads';
import { allTasks, type BaseEventLoop, InternalError } from '@ringloop/core';
import { LONGEST_TIMER_MS, windUp } from '@ringloop/core/internal';
import { dieReadably } from '../exits/own-death.js';
import { packThrown } from '../codec/packing.js';
import { leaveOwnEndToSpawner } from '../exits/thread-exits.js';
import { flushOutput } from '../threads/flush-output.js';
import type { LoopFactory } from './loop-group.js';
import {
  type CloseRequest,
  type Drained,
  type LoopWorkerData,
  type LoopWorkerMessage,
  threadTime,
} from './loop-worker.js';
import { inheritTsx } from '../threads/inherit-tsx.js';
import { LoopInbox } from '../loop/loop-inbox.js';
import { LoopRef } from '../loop/loop-ref.js';
import { importAll } from '../references/preload.js';
import { joinGroupPorts } from '../out-of-band/transfer-port.js';
import { importRemote, type RemoteFunction } from '../references/remote.js';

const tell = (message: LoopWorkerMessage): void => parentPort?.postMessage(message);

let isStopping = false;
const drains: Drained[] = [];

/** Runs the loop of this thread. Resolves when the loop is closed, and rejects with the error that ends the thread. */
export async function runLoopWorker(): Promise<void> {
  const { wire, spec, spawner, siblings } = workerData as LoopWorkerData; // as LoopWorker sends it
  const { name, debug, spin, wakeup, factory, setup, preload } = spec;

  leaveOwnEndToSpawner();
  joinGroupPorts(spawner, siblings);
  // Node reports the error as well, but without its class.
  dieReadably((error) => tell({ kind: 'failed', error: packThrown(error) }));

  await inheritTsx();
  await importAll(preload);
  const createLoop = (await importRemote(factory)) as unknown as LoopFactory; // LoopGroup.spawn() accepts nothing else
  const prepare = setup === null ? null : await importRemote(setup);
  const opened: LoopInbox[] = [];
  const loop: BaseEventLoop = createLoop({
    name,
    debug,
    openInbox: (owner) => {
      const inbox = new LoopInbox(owner, { address: LoopRef.fromWire(wire).address, spin, wakeup });
      opened.push(inbox);
      return inbox;
    },
  });
  const [inbox] = opened;
  if (inbox === undefined) throw new InternalError('The loop factory has opened no inbox');

  parentPort?.on('message', (request: CloseRequest) => void drain(loop, inbox, request));
  parentPort?.unref(); // the loop keeps the thread alive while it runs
  if (prepare === null) loop.callSoon(() => tell({ kind: 'ready' }));
  else runSetup(loop, prepare, spec.index);
  try {
    await loop.runForever();
  } finally {
    isStopping = true;
    inbox.beginWindingUp();
    await windUp(loop);
    // Calls that were accepted but not started began during the winding up, and were cancelled.
    for (const { inTime, tasksLeft } of drains) {
      if (inbox.lateCancelled > 0)
        tell({ kind: 'drained', inTime, tasksLeft: tasksLeft + inbox.lateCancelled });
    }
    await flushOutput(); // soon after 'closed' the thread is terminated, even if output is still unsent
    tell({ kind: 'closed' });
  }
}

/** Runs the user's setup as a task. If it fails, the loop is of no use and stops. */
function runSetup(loop: BaseEventLoop, prepare: RemoteFunction, index: number): void {
  const body = prepare as unknown as (index: number) => Promise<unknown>; // or any other kind of coroutine
  // The key was defined in the same expression.
  const task = loop.createTask({ [body.name]: () => body(index) }[body.name] as () => Promise<unknown>);
  task.addDoneCallback(() => {
    if (!task.cancelled() && task.exception() === null) {
      tell({ kind: 'ready' });
      return;
    }
    if (isStopping) return; // closing the loop has cancelled it
    try {
      task.result();
    } catch (thrown) {
      tell({ kind: 'unprepared', error: packThrown(thrown) });
    }
    loop.stop();
  });
}

/**
 * Accepts no more calls, waits until the deadline for the accepted calls and their replies, and then stops the loop.
 */
async function drain(loop: BaseEventLoop, inbox: LoopInbox, { drainUntil }: CloseRequest): Promise<void> {
  const finished = inbox
    .seal()
    .then(() => inbox.allReplied())
    .then(() => true);
  const inTime = await Promise.race([finished, until(drainUntil).then(() => false)]);
  if (isStopping) return; // it was stopped in another way, or asked again with less time
  isStopping = true;
  const drained: Drained = { inTime, tasksLeft: allTasks(loop).size };
  drains.push(drained);
  tell({ kind: 'drained', ...drained });
  loop.stop();
}

function until(time: number): Promise<void> {
  const ms = Math.min(Math.max((time - threadTime()) * 1000, 0), LONGEST_TIMER_MS);
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
