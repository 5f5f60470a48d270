import { randomDelays } from '../random-delays.js';
import { type Holding, weighInLoop, weighInNode } from './holding.js';

function callback(): void {
  // the same for all: what users close over is theirs
}

function nothingToRelease(): void {
  // what is ready runs by itself, and a loop drops its timers when it is closed
}

export const heldCallbacks: Holding = {
  name: 'call-soon',
  title: 'pending callSoon',
  contenders: [
    {
      name: 'ringloop',
      open: () => (items) =>
        weighInLoop(items, 'at once', (loop) => {
          for (let i = 0; i < items; i++) loop.callSoon(callback);
          return nothingToRelease;
        }),
    },
    {
      name: 'setImmediate',
      open: () => (items) =>
        weighInNode(items, 'at once', () => {
          for (let i = 0; i < items; i++) setImmediate(callback);
          return nothingToRelease;
        }),
    },
  ],
};

export const heldTimers: Holding = {
  name: 'timer',
  title: 'pending timer, random delays',
  contenders: [
    {
      name: 'ringloop',
      open: () => (items) => {
        const delays = randomDelays(items);
        return weighInLoop(items, 'at once', (loop) => {
          for (const delay of delays) loop.callLater(delay, callback);
          return nothingToRelease;
        });
      },
    },
    {
      name: 'setTimeout',
      open: () => (items) => {
        const delays = randomDelays(items);
        return weighInNode<NodeJS.Timeout>(items, 'at once', (held) => {
          for (const [i, delay] of delays.entries()) held[i] = setTimeout(callback, delay * 1000);
          return () => {
            for (const timer of held) clearTimeout(timer ?? undefined);
          };
        });
      },
    },
  ],
};
