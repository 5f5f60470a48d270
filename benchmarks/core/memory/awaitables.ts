import type { BaseEventLoop } from '@ringloop/core';
import { type Holding, type Release, weighInLoop, weighInNode } from './holding.js';

function holdTasks(loop: BaseEventLoop, held: unknown[], kind: 'async' | 'generators'): Release {
  const gate = loop.createFuture<void>(); // the same for all, so that it weighs nothing
  const waitAsync = async (): Promise<void> => {
    await gate;
  };
  const waitInGenerator = function* (): Generator<unknown, void> {
    yield* gate;
  };
  for (let i = 0; i < held.length; i++) {
    held[i] = kind === 'async' ? loop.createTask(waitAsync) : loop.createTask(waitInGenerator);
  }
  return () => gate.setResult();
}

export const heldTasks: Holding = {
  name: 'task',
  title: 'task that waits for a future',
  contenders: [
    {
      name: 'ringloop async',
      open: () => (items) => weighInLoop(items, 'at rest', (loop, held) => holdTasks(loop, held, 'async')),
    },
    {
      name: 'ringloop generators',
      open: () => (items) =>
        weighInLoop(items, 'at rest', (loop, held) => holdTasks(loop, held, 'generators')),
    },
    {
      name: 'async function that awaits a promise',
      open: () => (items) =>
        weighInNode(items, 'at rest', (held) => {
          let release: Release = () => undefined;
          const gate = new Promise<void>((resolve) => {
            release = resolve;
          });
          const wait = async (): Promise<void> => {
            await gate;
          };
          for (let i = 0; i < items; i++) held[i] = wait();
          return release;
        }),
    },
  ],
};

function onDone(): void {
  // the same for all
}

function nobodyWaits(): void {
  // they need not end
}

export const heldFutures: Holding = {
  name: 'future',
  title: 'pending future with one callback',
  contenders: [
    {
      name: 'ringloop',
      open: () => (items) =>
        weighInLoop(items, 'at once', (loop, held) => {
          for (let i = 0; i < items; i++) {
            const future = loop.createFuture<void>();
            future.addDoneCallback(onDone);
            held[i] = future;
          }
          return nobodyWaits;
        }),
    },
    {
      name: 'promise',
      open: () => (items) =>
        weighInNode(items, 'at once', (held) => {
          for (let i = 0; i < items; i++) {
            const promise = new Promise<void>(() => undefined);
            void promise.then(onDone);
            held[i] = promise;
          }
          return nobodyWaits;
        }),
    },
  ],
};
