/**
 * The two ends of a lane, over rings so small that they wrap, fill and grow at once; and ends that are wrong. A record calls
 * a function with one number: 24 bytes. The broadcast channel is the larger rings' number in `notes`.
 */
import { RUN } from '@ringloop/core/internal';
import {
  Cell,
  FULL_LANE,
  Kind,
  LaneReader,
  LaneWriter,
  SEALED_LANE,
  Ring,
  CallHandler,
  type LaneOwner,
  ThreadsafeHandle,
  writeRecord,
} from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

/** `first` is the lane's first ring, the others those it may grow to, in order. */
export interface LaneBuffers {
  readonly notes: SharedArrayBuffer;
  readonly first: SharedArrayBuffer;
  readonly larger1: SharedArrayBuffer;
  readonly larger2: SharedArrayBuffer;
}

const HEADER_BYTES = 128;
const TAIL = 0;
const HEAD = 16;
const CALL_BYTES = 24;
const JUMP_BYTES = 8;

/** Plain words: rings sent by the broadcast channel; calls that have returned. */
const SIDE = 0;
const RETURNED = 1;

export interface LaneSetup {
  readonly capacityBytes: number;
  /** Where positions start. */
  readonly start?: number;
}

export function makeLane({ capacityBytes, start = 0 }: LaneSetup): LaneBuffers {
  const ring = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(HEADER_BYTES + bytes);
  const first = ring(capacityBytes);
  const header = new Int32Array(first);
  header[TAIL] = header[HEAD] = start;
  const notes = new SharedArrayBuffer(2 * 4);
  return { notes, first, larger1: ring(2 * capacityBytes), larger2: ring(4 * capacityBytes) };
}

export function nameWord(index: number, buffer: string): string | undefined {
  if (buffer === 'notes') return undefined;
  if (index === TAIL) return `${buffer}.TAIL`;
  if (index === HEAD) return `${buffer}.HEAD`;
  return `${buffer}.CELL@${(index - 1) * 4 - HEADER_BYTES}`;
}

export interface WriterInput {
  /** Sends 1, 2, … up to this. */
  readonly calls: number;
  /** How often the lane may grow; then what does not fit is not sent. */
  readonly growths?: number;
  /** Asks, when it is refused, whether the reader could not read the lane. */
  readonly asksWhy?: boolean;
  /** Then cancels this many of them, from the first. */
  readonly cancels?: number;
  readonly wrong?: 'publishFirst' | 'sendLate' | 'sealFlag' | 'plainCancel';
}

export interface WriterResult {
  readonly sent: number[];
  readonly refused: number[];
  readonly cancelled: number[];
  /** Whether the reader has given the lane up, as the writer sees it when it is refused. */
  givenUp: boolean | null;
}

export function write(buffers: LaneBuffers, { atomics, input }: ModelThread): WriterResult {
  const { calls, growths = 0, asksWhy = false, cancels = 0, wrong } = input as WriterInput;
  const notes = new Int32Array(buffers.notes);
  const first = Ring.over(buffers.first);
  const larger = [buffers.larger1, buffers.larger2].map((memory) => Ring.over(memory));
  let grown = 0;
  const writer = new LaneWriter(
    first,
    () => {
      if (wrong !== 'sendLate') notes[SIDE] = grown;
      return grown;
    },
    {
      limitBytes: growths === 0 ? first.capacityBytes : larger[growths - 1]!.capacityBytes,
      allocate: () => larger[grown++]!,
    },
  );
  const result: WriterResult = { sent: [], refused: [], cancelled: [], givenUp: null };
  const handles: ThreadsafeHandle[] = [];
  for (let value = 1; value <= calls; value++) {
    const at = writer.claim(CALL_BYTES);
    if (at === FULL_LANE) continue;
    notes[SIDE] = grown; // by now at the latest
    if (at === SEALED_LANE || !put(writer, at, value, atomics, wrong)) {
      result.refused.push(value);
      if (asksWhy) result.givenUp = writer.ring.isDropped();
      break; // as an inbox writer does
    }
    notes[RETURNED] = value;
    result.sent.push(value);
    handles.push(new ThreadsafeHandle(writer.ring, writer.ring.writtenBytes - CALL_BYTES));
  }
  for (const [i, handle] of handles.slice(0, cancels).entries()) {
    const inTime = wrong === 'plainCancel' ? cancelPlainly(buffers, i, atomics) : handle.cancel();
    if (inTime) result.cancelled.push(result.sent[i]!);
  }
  return result;
}

type Atomics = ModelThread['atomics'];

function put(
  writer: LaneWriter,
  at: number,
  value: number,
  atomics: Atomics,
  wrong: WriterInput['wrong'],
): boolean {
  const { ring } = writer;
  const fill = (): void => {
    writeRecord(ring.words, at, Kind.CALL_NUMBER, CALL_BYTES, 1, 0, 0);
    ring.floats[(at >> 1) + 1] = value;
  };
  if (wrong === 'publishFirst') {
    // Its size, lest the reader never end.
    ring.words[at] = (Kind.CALL_NUMBER << 24) | CALL_BYTES;
    const published = writer.publish();
    fill();
    return published;
  }
  fill();
  if (wrong !== 'sealFlag') return writer.publish();
  if ((atomics.load(ring.header, FLAG) & 1) === 1) return false;
  return writer.publish();
}

/** A word of the header that nobody uses. */
const FLAG = 20;

/** Looks whether the call has started, and then says that it must not. */
function cancelPlainly({ first }: LaneBuffers, index: number, { load, store }: Atomics): boolean {
  const { words } = Ring.over(first);
  const cell = (index * CALL_BYTES) / 4 + 1;
  const seen = load(words, cell);
  if ((seen & 3) !== Cell.PENDING) return false;
  store(words, cell, seen | Cell.CANCELLED);
  return true;
}

export interface ReaderInput {
  readonly looks: number;
  /** Seals the lane after its looks and looks a last time. */
  readonly seals?: boolean;
  /** Gives the lane up after its looks. */
  readonly givesUp?: boolean;
  readonly wrong?: 'releaseFirst' | 'sealFlag' | 'plainStart' | 'sealFirst';
}

/** Returns the numbers it was called with. */
export function read(buffers: LaneBuffers, { atomics, input }: ModelThread): number[] {
  const { looks, seals = false, givesUp = false, wrong } = input as ReaderInput;
  const seen: number[] = [];
  if (wrong === 'releaseFirst' || wrong === 'plainStart') {
    readWrongly(Ring.over(buffers.first), looks, seen, atomics, wrong);
    return seen;
  }
  let sealed = false;
  const lane = openReader(buffers, seen, () => sealed);
  for (let n = 0; n < looks; n++) lane.collect();
  if (givesUp) {
    if (wrong !== 'sealFirst') lane.ring.giveUp();
    else {
      lane.ring.seal();
      lane.ring.drop();
    }
  }
  if (!seals) return seen;
  sealed = true;
  if (wrong === 'sealFlag') atomics.store(lane.ring.header, FLAG, 1);
  else lane.ring.seal();
  lane.collect();
  return seen;
}

/** What is still there to be read when all threads have ended. Not by a LaneReader: it must not jump twice. */
export function readRest({ first, larger1, larger2 }: LaneBuffers): number[] {
  const rings = [first, larger1, larger2].map((memory) => Ring.over(memory));
  const rest: number[] = [];
  for (let ring = rings.shift(); ring !== undefined;) {
    const tail = ring.loadTail();
    // Where the reader has come to its end, all that is left of it is the JUMP.
    const next = kindAt(ring, (tail - JUMP_BYTES) | 0) === Kind.JUMP ? rings.shift() : undefined;
    for (let head = ring.loadHead(); head !== tail; head = (head + CALL_BYTES) | 0) {
      while (kindAt(ring, head) === Kind.PAD) head = (head + sizeAt(ring, head)) | 0;
      if (kindAt(ring, head) !== Kind.CALL_NUMBER) break;
      const at = wordAt(ring, head);
      if ((ring.words[at + 1]! & 3) === Cell.PENDING) rest.push(ring.floats[(at >> 1) + 1]!);
    }
    ring = next;
  }
  return rest;
}

const wordAt = ({ capacityBytes }: Ring, position: number): number => (position & (capacityBytes - 1)) >> 2;
const kindAt = (ring: Ring, position: number): number => ring.words[wordAt(ring, position)]! >>> 24;
const sizeAt = (ring: Ring, position: number): number => ring.words[wordAt(ring, position)]! & 0xff_ffff;

export function returnedCalls({ notes }: LaneBuffers): number {
  return new Int32Array(notes)[RETURNED]!;
}

function openReader(buffers: LaneBuffers, seen: number[], isSealed: () => boolean): LaneReader {
  const notes = new Int32Array(buffers.notes);
  const unexpected = (): never => {
    throw new Error('A record was not what was written');
  };
  const owner: LaneOwner = {
    isSealed,
    addReady: (batch) => batch[RUN](),
    takeOutOfBand: (_, number) => {
      if (notes[SIDE]! < number) throw new Error(`Broadcast channel lost message ${number}`);
      return number === 1 ? buffers.larger1 : buffers.larger2;
    },
    putBack: unexpected,
    mayGoOn: () => true,
    corrupted: (_, reason) => {
      throw reason.cause;
    },
    released: () => undefined,
  };
  const see = (value: number): number => seen.push(value);
  const called = { name: 'see', fn: see, callback: see, error: null };
  // A lane asks no more of it than this.
  const functions = { get: () => called } as unknown as ConstructorParameters<typeof LaneReader>[2];
  return new LaneReader(1, Ring.over(buffers.first), functions, owner, {
    calls: new CallHandler(unexpected),
    others: {},
  });
}

function readWrongly(
  ring: Ring,
  looks: number,
  seen: number[],
  { load, store }: Atomics,
  wrong: 'releaseFirst' | 'plainStart',
): void {
  const { words, floats } = ring;
  let head = ring.loadHead();
  for (let n = 0; n < looks; n++) {
    const tail = ring.loadTail();
    if (wrong === 'releaseFirst') ring.storeHead(tail);
    while (((tail - head) | 0) > 0) {
      const at = wordAt(ring, head);
      const kind = kindAt(ring, head);
      head = (head + Math.max(sizeAt(ring, head), 8)) | 0; // at least 8: the bytes may be anything by now
      if (kind !== Kind.CALL_NUMBER) continue;
      if (wrong === 'plainStart') {
        const cell = load(words, at + 1);
        if ((cell & 3) !== Cell.PENDING) continue;
        store(words, at + 1, cell | Cell.STARTED);
      }
      seen.push(floats[(at >> 1) + 1]!);
    }
    ring.storeHead(head);
  }
}
