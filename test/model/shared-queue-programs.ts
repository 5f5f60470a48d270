/** Threads that put into and take from a ring of items or a queue, and rings that are wrong. An item is two bytes: who, and its number. */
import {
  ItemRing,
  NOTHING,
  QueueMemory,
  queueBytes,
  ringBytes,
  type RingSize,
  thisProducer,
} from '@ringloop/threadsafe/internal';
import { cancelAsleep, finish, sleepHere } from './shared-sleep.js';
import type { ModelThread } from './worker.js';

export interface QueueBuffers {
  readonly memory: SharedArrayBuffer;
  readonly notes: SharedArrayBuffer;
}

/** Plain words of `notes`, by putter: its number, and how many of its items were put when it said so. */
const NUMBERS = 0;
const PUT = 3;

export const sizeOf = (slots: number): RingSize => ({ slots, itemBytes: 4, seats: 2 });

export function makeRing(slots: number): QueueBuffers {
  const memory = new SharedArrayBuffer(ringBytes(sizeOf(slots)));
  new ItemRing(memory, 0, sizeOf(slots)).initialize();
  return { memory, notes: new SharedArrayBuffer(24) };
}

export function makeQueue(slots: number): QueueBuffers {
  const memory = new SharedArrayBuffer(queueBytes(sizeOf(slots)));
  new QueueMemory(memory, sizeOf(slots), sleepHere).ring.initialize();
  return { memory, notes: new SharedArrayBuffer(24) };
}

export function nameRingWord(index: number, buffer: string): string | undefined {
  if (buffer === 'notes') return undefined;
  const named: Record<number, string> = { 0: 'TAIL', 16: 'HEAD', 32: 'DONE' };
  if (index >= 56) return `SLOT[${index - 56}]`;
  if (index >= 48) return `${['OWNER', 'SPARE', 'SWAPPING'][index % 4] ?? 'word'}[${(index - 48) >> 2}]`;
  return named[index];
}

/** What is left when all have ended, and how many each putter says it has put. */
export function readRest(
  { memory, notes }: QueueBuffers,
  slots: number,
  inQueue: boolean,
): { rest: string[]; put: number[] } {
  const ring = inQueue
    ? new QueueMemory(memory, sizeOf(slots), sleepHere).ring
    : new ItemRing(memory, 0, sizeOf(slots));
  const rest: string[] = [];
  for (let item = ring.tryTake(); item !== null; item = ring.tryTake()) rest.push(nameOf(item));
  return { rest, put: [...new Int32Array(notes).slice(PUT, PUT + 3)] };
}

const nameOf = (item: Uint8Array): string => `${String.fromCharCode(item[0]!)}${item[1]}`;
const itemOf = (putter: number, number: number): Uint8Array => Uint8Array.of(0x61 + putter, number);

export interface PutterInput {
  /** 0, 1, … */
  readonly putter: number;
  readonly slots: number;
  readonly items: number;
  readonly wrong?: 'tailFirst' | 'noHelp';
}

/** Puts a0, a1, … where there is room. Returns what it put, and what it did not. */
export function putInRing(
  buffers: QueueBuffers,
  { atomics, input }: ModelThread,
): { put: string[]; full: string[] } {
  const { putter, slots, items, wrong } = input as PutterInput;
  const notes = new Int32Array(buffers.notes);
  notes[NUMBERS + putter] = thisProducer;
  const ring = new ItemRing(buffers.memory, 0, sizeOf(slots));
  const result = { put: [] as string[], full: [] as string[] };
  for (let number = 0; number < items; number++) {
    const item = itemOf(putter, number);
    const position =
      wrong === undefined
        ? ring.tryPut(item, thisProducer)
        : WRONG_PUTS[wrong](buffers, item, putter, slots, atomics);
    if (position !== -1) notes[PUT + putter] = number + 1;
    (position === -1 ? result.full : result.put).push(nameOf(item));
  }
  return result;
}

export interface TakerInput {
  readonly slots: number;
  readonly looks: number;
  readonly wrong?: 'plainTake';
}

/** Returns what it took. */
export function takeFromRing(buffers: QueueBuffers, { atomics, input }: ModelThread): string[] {
  const { slots, looks, wrong } = input as TakerInput;
  const ring = new ItemRing(buffers.memory, 0, sizeOf(slots));
  const taken: string[] = [];
  for (let n = 0; n < looks; n++) {
    const item = wrong === undefined ? ring.tryTake() : takePlainly(buffers, slots, atomics);
    if (item !== null) taken.push(nameOf(item));
  }
  return taken;
}

export interface EndInput {
  readonly slots: number;
  readonly victim: number;
}

/** Learns that a putter has ended, and puts one item itself, from the seat that has become free if there is one. */
export function repairRing(
  { memory, notes }: QueueBuffers,
  { input }: ModelThread,
): { put: string[]; full: string[] } {
  const { slots, victim } = input as EndInput;
  const number = new Int32Array(notes)[NUMBERS + victim]!;
  const ring = new ItemRing(memory, 0, sizeOf(slots));
  if (number !== 0) ring.expel(number);
  const item = itemOf(2, 0);
  return ring.tryPut(item, thisProducer) === -1
    ? { put: [], full: [nameOf(item)] }
    : { put: [nameOf(item)], full: [] };
}

export interface QueueInput {
  readonly slots: number;
  readonly putter?: number;
  readonly items: number;
  /** Begins with a wait that is cancelled asleep. */
  readonly cancelsOne?: boolean;
}

/** Puts all, and waits for room. */
export async function putInQueue(buffers: QueueBuffers, thread: ModelThread): Promise<string[]> {
  const { slots, putter = 0, items } = thread.input as QueueInput;
  const notes = new Int32Array(buffers.notes);
  notes[NUMBERS + putter] = thisProducer;
  const queue = new QueueMemory(buffers.memory, sizeOf(slots), sleepHere);
  const put: string[] = [];
  for (let number = 0; number < items; number++) {
    const item = itemOf(putter, number);
    try {
      if (queue.tryPut(item) === NOTHING) await finish(queue.put(item), thread);
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code !== 'ERR_QUEUE_SHUT_DOWN') throw thrown;
      return put;
    }
    notes[PUT + putter] = number + 1;
    put.push(nameOf(item));
  }
  return put;
}

/** Gets so many, and waits for them, or until the queue is shut down. */
export async function getFromQueue(buffers: QueueBuffers, thread: ModelThread): Promise<string[]> {
  const { slots, items, cancelsOne = false } = thread.input as QueueInput;
  const queue = new QueueMemory(buffers.memory, sizeOf(slots), sleepHere);
  const got: string[] = [];
  try {
    if (cancelsOne) {
      const early = cancelAsleep(queue.get());
      if (early !== null) got.push(nameOf(early));
    }
    while (got.length < items) {
      const item = queue.tryGet();
      got.push(nameOf(item === NOTHING ? await finish(queue.get(), thread) : item));
    }
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== 'ERR_QUEUE_SHUT_DOWN') throw thrown;
  }
  return got;
}

export function shutDown({ memory }: QueueBuffers, { input }: ModelThread): void {
  new QueueMemory(memory, sizeOf((input as QueueInput).slots), sleepHere).shutdown(false);
}

export function repairQueue({ memory, notes }: QueueBuffers, { input }: ModelThread): void {
  const { slots, victim } = input as EndInput;
  const number = new Int32Array(notes)[NUMBERS + victim]!;
  if (number !== 0) new QueueMemory(memory, sizeOf(slots), sleepHere).repair(number);
}

type Atomics = ModelThread['atomics'];

/** Where the words of a ring with two seats are; its laps are shifted by the bits of a cell's number, and one. */
const TAIL = 0;
const HEAD = 16;
const SLOTS = 48 + 2 * 4;
const lapShift = (slots: number): number => 33 - Math.clz32(slots + 1);

const WRONG_PUTS = {
  /** Moves TAIL, and fills the slot then, as one that knows its place and nothing of being killed. */
  tailFirst: (
    { memory }: QueueBuffers,
    item: Uint8Array,
    putter: number,
    slots: number,
    { cas, load }: Atomics,
  ): number => {
    const words = new Int32Array(memory);
    const ring = new RingCells(memory, slots);
    while (true) {
      const tail = load(words, TAIL);
      const slot = SLOTS + (tail % slots);
      const lap = Math.floor(tail / slots);
      const found = load(words, slot);
      if (found >> lapShift(slots) !== lap || (found & 1) === 1) return -1;
      if (cas(words, TAIL, tail, tail + 1) !== tail) continue;
      ring.write(slots + putter, item);
      cas(words, slot, found, (lap << lapShift(slots)) | ((slots + putter) << 1) | 1);
      return tail;
    }
  },
  /** Fills the slot, and leaves TAIL to nobody but itself: where the slot is full it takes the ring for full. */
  noHelp: (
    { memory }: QueueBuffers,
    item: Uint8Array,
    putter: number,
    slots: number,
    { cas, load }: Atomics,
  ): number => {
    const words = new Int32Array(memory);
    const tail = load(words, TAIL);
    const slot = SLOTS + (tail % slots);
    const lap = Math.floor(tail / slots);
    const found = load(words, slot);
    if (found >> lapShift(slots) !== lap || (found & 1) === 1) return -1;
    new RingCells(memory, slots).write(slots + putter, item);
    if (cas(words, slot, found, (lap << lapShift(slots)) | ((slots + putter) << 1) | 1) !== found) return -1;
    cas(words, TAIL, tail, tail + 1);
    return tail;
  },
};

/** Looks at the slot, and empties it then. */
function takePlainly(
  { memory }: QueueBuffers,
  slots: number,
  { cas, load, store }: Atomics,
): Uint8Array | null {
  const words = new Int32Array(memory);
  const head = load(words, HEAD);
  const slot = SLOTS + (head % slots);
  const lap = Math.floor(head / slots);
  const found = load(words, slot);
  if (found >> lapShift(slots) !== lap || (found & 1) === 0) return null;
  const cell = (found & ((1 << lapShift(slots)) - 1)) >> 1;
  const item = new RingCells(memory, slots).read(cell);
  store(words, slot, ((lap + 1) << lapShift(slots)) | (cell << 1));
  cas(words, HEAD, head, head + 1);
  return item;
}

class RingCells {
  readonly #cells: Uint8Array;

  constructor(memory: SharedArrayBuffer, slots: number) {
    this.#cells = new Uint8Array(memory, ((SLOTS + slots) * 4 + 63) & ~63);
  }

  write(cell: number, item: Uint8Array): void {
    this.#cells[cell * 8] = item.byteLength;
    this.#cells.set(item, cell * 8 + 4);
  }

  read(cell: number): Uint8Array {
    return this.#cells.slice(cell * 8 + 4, cell * 8 + 6);
  }
}
