/** A main thread that passes signals on and a loop that deals with them, a loop that asks for them, and ways to do so that are wrong. */
import { SignalMemory } from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface SignalBuffers {
  readonly signals: SharedArrayBuffer;
  /** Stands for the lane by which the main thread calls the loop, and the channel by which the loop asks. */
  readonly sent: SharedArrayBuffer;
  /** How many signals have come. */
  readonly notes: SharedArrayBuffer;
}

const SIGNAL = 10;
/** The word after those of the signals: see signal-memory.ts. */
const REPLIED = 32;
const ERRNO = 33;

export const SIGNAL_NAMES = { [SIGNAL]: 'PENDING', [REPLIED]: 'REPLIED', [ERRNO]: 'ERRNO' };

export const makeSignals = (): SignalBuffers => ({
  signals: new SharedArrayBuffer(34 * 4),
  sent: new SharedArrayBuffer(4),
  notes: new SharedArrayBuffer(4),
});

/** How many signals come; with the third, one may come while the call about the first is on its way, or is run. */
const SIGNALS = 3;

/** Main thread: gets the signals. Returns how many calls it has made. */
export function passOn({ signals, sent, notes }: SignalBuffers, { atomics }: ModelThread): number {
  const memory = new SignalMemory(signals);
  const words = new Int32Array(sent);
  let calls = 0;
  for (let n = 0; n < SIGNALS; n++) {
    atomics.add(new Int32Array(notes), 0, 1);
    if (!memory.tryMark(SIGNAL)) continue;
    calls++;
    send(words, atomics);
  }
  return calls;
}

export interface HandlerInput {
  /** Runs the handler first. */
  readonly clearsLate?: boolean;
}

/** The loop: ends when its handler has run after the last signal. */
export function handleSignals(
  { signals, sent, notes }: SignalBuffers,
  { atomics, input }: ModelThread,
): void {
  const { clearsLate = false } = input as HandlerInput;
  const memory = new SignalMemory(signals);
  const words = new Int32Array(sent);
  let handled = 0;
  for (let seen = 0; seen < SIGNALS;) {
    receive(words, handled++, atomics);
    if (!clearsLate) memory.clear(SIGNAL);
    seen = atomics.load(new Int32Array(notes), 0); // the handler
    if (clearsLate) memory.clear(SIGNAL);
  }
}

/** Why the system refuses each request: request 1 and 2. */
const ERRNOS = [0, 22, 12] as const;

export interface AskerInput {
  /** Whether it may give up waiting for the first reply. */
  readonly timed?: boolean;
}

/** The loop: makes two requests. Returns what it has heard. */
export function ask({ signals, sent }: SignalBuffers, { atomics, input }: ModelThread): (number | null)[] {
  const { timed = false } = input as AskerInput;
  const memory = new SignalMemory(signals);
  const words = new Int32Array(sent);
  send(words, atomics);
  const first = memory.waitForReply(1, timed ? 1e9 : Infinity); // the explorer says when it is over
  send(words, atomics);
  return [first, memory.waitForReply(2, Infinity)];
}

export interface ReplierInput {
  readonly repliesFirst?: boolean;
}

/** Main thread: deals with the two requests. */
export function reply({ signals, sent }: SignalBuffers, { atomics, input }: ModelThread): void {
  const { repliesFirst = false } = input as ReplierInput;
  const memory = new SignalMemory(signals);
  for (const request of [1, 2] as const) {
    receive(new Int32Array(sent), request - 1, atomics);
    if (!repliesFirst) memory.reply(request, ERRNOS[request]);
    else {
      const words = new Int32Array(signals);
      atomics.store(words, REPLIED, request);
      atomics.notify(words, REPLIED, Infinity);
      atomics.store(words, ERRNO, ERRNOS[request]);
    }
  }
}

function send(words: Int32Array, atomics: ModelThread['atomics']): void {
  atomics.add(words, 0, 1);
  atomics.notify(words, 0, Infinity);
}

/** Sleeps until more than `received` have been sent. */
function receive(words: Int32Array, received: number, atomics: ModelThread['atomics']): void {
  while (atomics.load(words, 0) === received) {
    const wait = atomics.waitAsync(words, 0, received);
    if (wait.async) atomics.sleepUntilWoken(wait);
  }
}
