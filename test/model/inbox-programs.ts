/**
 * Producers, the owner of an inbox, and threads that see a producer end. A record calls function n, which is never defined:
 * so the owner is told "function n" for each, and n is what was sent.
 */
import { type Ready, RUN } from '@ringloop/core/internal';
import {
  InboxMemory,
  CallHandler,
  InboxReader,
  Kind,
  LaneWriter,
  wake,
  thisProducer,
  writeRecord,
} from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface InboxBuffers {
  readonly memory: SharedArrayBuffer;
  readonly notes: SharedArrayBuffer;
}

const LANES = 3; // that there is memory for: no setting has more producers
const OWNERS = 32;
const SEGMENTS_AT = (32 + 64) * 4;
const SEGMENT_BYTES = 128 + 64 * 1024;
const RECORD_BYTES = 16;
const WITHDRAWN = -0x8000_0000;

/** Plain words. By producer: its number in lane tables, its lane + 1, its calls that have returned. */
const PRODUCER = 0;
const LANE = 3;
const RETURNED = 6;
/** How many calls the owner has seen, and which. */
const SEEN_COUNT = 9;
const SEEN = 10;
const MOST_SEEN = 8;

export function makeInbox(): InboxBuffers {
  const memory = new SharedArrayBuffer(SEGMENTS_AT + LANES * SEGMENT_BYTES);
  return { memory, notes: new SharedArrayBuffer((SEEN + MOST_SEEN) * 4) };
}

export function nameWord(index: number): string | undefined {
  if (index === 0) return 'WAKE_WORD';
  if (index === 16) return 'LANES_USED';
  if (index >= OWNERS && index < OWNERS + LANES) return `OWNER[${index - OWNERS}]`;
  const inSegment = index - SEGMENTS_AT / 4;
  const lane = Math.floor(inSegment / (SEGMENT_BYTES / 4));
  const word = inSegment % (SEGMENT_BYTES / 4);
  return word === 0 ? `TAIL[${lane}]` : word === 16 ? `HEAD[${lane}]` : `lane ${lane} word ${word - 32}`;
}

/** What there is to see, for `check`. */
export function readInbox({ memory, notes }: InboxBuffers): {
  seen: number[];
  returned: number[];
  lanes: number[];
  owners: (number | null)[];
} {
  const words = new Int32Array(notes);
  const inbox = new InboxMemory(memory);
  return {
    seen: [...words.slice(SEEN, SEEN + words[SEEN_COUNT]!)],
    returned: [...words.slice(RETURNED, RETURNED + 3)],
    lanes: [...words.slice(LANE, LANE + 3)],
    owners: Array.from({ length: LANES }, (_, lane) => inbox.producerOf(lane)),
  };
}

export interface ProducerInput {
  /** 0, 1, … */
  readonly index: number;
  readonly calls: number;
  readonly leaves?: boolean;
  readonly claimsPlainly?: boolean;
}

/** Sends 10 × index + 1, … */
export function produce({ memory, notes }: InboxBuffers, { atomics, input }: ModelThread): void {
  const { index, calls, leaves = false, claimsPlainly = false } = input as ProducerInput;
  const words = new Int32Array(notes);
  words[PRODUCER + index] = thisProducer;
  const inbox = new InboxMemory(memory);
  const lane = claimsPlainly ? claimPlainly(inbox, atomics) : inbox.claimLane('model');
  if (lane === null) return; // the inbox is sealed
  words[LANE + index] = lane + 1;
  const writer = new LaneWriter(inbox.ring(lane), neverGrows);
  for (let n = 1; n <= calls; n++) {
    const at = writer.claim(RECORD_BYTES);
    writeRecord(writer.ring.words, at, Kind.CALL, RECORD_BYTES, 10 * index + n, 0, 0);
    if (!writer.publish()) break; // the inbox is sealed
    wake(inbox.words);
    words[RETURNED + index] = n;
  }
  if (leaves) inbox.leave(thisProducer);
}

/** Two see the same lane free. */
function claimPlainly(inbox: InboxMemory, { load, store }: ModelThread['atomics']): number {
  for (let lane = 0; ; lane++) {
    if (load(inbox.words, OWNERS + lane) !== 0) continue;
    store(inbox.words, OWNERS + lane, thisProducer);
    return lane;
  }
}

/** Sees producer `input` end, and says so. */
export function bury({ memory, notes }: InboxBuffers, { input }: ModelThread): void {
  const producer = new Int32Array(notes)[PRODUCER + (input as number)]!;
  if (producer !== 0) new InboxMemory(memory).leave(producer);
}

export interface OwnerInput {
  /** Each call looks at the inbox, as one that calls `callSoon()` does. */
  readonly looksWithin?: boolean;
}

/** Collects, runs and sleeps, for ever, as a loop does. */
export async function own(buffers: InboxBuffers, { atomics, input }: ModelThread): Promise<void> {
  const { looksWithin = false } = (input ?? {}) as OwnerInput;
  const { reader, look } = openReader(buffers, looksWithin);
  try {
    while (true) {
      look();
      if (!reader.trySleep()) continue;
      atomics.sleepUntilWoken();
      await Promise.resolve(); // the waiter's callbacks
    }
  } finally {
    reader.close();
  }
}

/** Seals the inbox after one look. Ends when it could sleep, but that it is to be closed. */
export function ownAndSeal(buffers: InboxBuffers): void {
  const { reader, look } = openReader(buffers);
  try {
    look();
    reader.seal();
    do look();
    while (!reader.trySleep());
  } finally {
    reader.close();
  }
}

function openReader(
  { memory, notes }: InboxBuffers,
  looksWithin = false,
): { reader: InboxReader; look: () => void } {
  const words = new Int32Array(notes);
  const ready: Ready[] = [];
  const reader = new InboxReader(
    { memory, id: 'model', name: 'model' },
    {
      addReady: (entry) => ready.push(entry),
      putBack: unexpected,
      mayGoOn: () => true,
      corrupted: unexpected,
      wake: () => undefined,
      released: () => undefined,
      handlers: {
        calls: new CallHandler((name) => {
          note(words, Number(name.slice('function '.length)));
          if (looksWithin) reader.collect();
        }),
        others: {},
      },
      producerLeft: () => undefined,
    },
  );
  const look = (): void => {
    reader.collect();
    for (let entry = ready.shift(); entry !== undefined; entry = ready.shift()) entry[RUN]();
  };
  return { reader, look };
}

/** Looks, and frees a lane that it then finds left: what came in between is lost. */
export function ownTooQuickly({ memory, notes }: InboxBuffers, { input }: ModelThread): void {
  const words = new Int32Array(notes);
  const inbox = new InboxMemory(memory);
  const ring = inbox.ring(0);
  let head = 0;
  for (let looks = input as number; looks > 0; looks--) {
    const tail = ring.loadTail();
    for (; head < tail; head += RECORD_BYTES) note(words, ring.words[head / 4 + 1]! >>> 2);
    if (inbox.hasLeft(0)) inbox.freeLane(0);
  }
}

/** Seals the inbox in two steps: a producer that claims a lane in between calls into nowhere. */
export function sealPlainly({ memory, notes }: InboxBuffers, { atomics }: ModelThread): void {
  const words = new Int32Array(notes);
  const inbox = new InboxMemory(memory);
  for (let lane = 0; lane < LANES; lane++) {
    if (atomics.load(inbox.words, OWNERS + lane) === 0) {
      atomics.store(inbox.words, OWNERS + lane, WITHDRAWN);
      continue;
    }
    const ring = inbox.ring(lane);
    ring.seal();
    for (let at = 0; at < ring.loadTail(); at += RECORD_BYTES) note(words, ring.words[at / 4 + 1]! >>> 2);
  }
}

function note(words: Int32Array, value: number): void {
  words[SEEN + words[SEEN_COUNT]!] = value;
  words[SEEN_COUNT] = words[SEEN_COUNT]! + 1;
}

function neverGrows(): never {
  throw new Error('A lane grew');
}

function unexpected(): never {
  throw new Error('A record was not what was written');
}
