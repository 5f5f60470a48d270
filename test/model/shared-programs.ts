/**
 * Threads that wait in line for something that only so many may have at a time, and lines and permits that are wrong.
 */
import {
  HolderWord,
  WAIT_QUEUE_WORDS,
  WaitQueueMemory,
  NOTHING,
  PermitCells,
  PermitCounter,
  type Permits,
  thisProducer,
  WaitQueue,
} from '@ringloop/threadsafe/internal';
import { cancelAsleep, finish, sleepHere } from './shared-sleep.js';
import type { ModelThread } from './worker.js';

export interface LineBuffers {
  readonly words: SharedArrayBuffer;
  readonly notes: SharedArrayBuffer;
}

const QUEUE = 4;
const SLOTS = 3;
/** Plain words. The most that were inside at a time; how often anybody got in; by thread: its number in the line, and 1 while inside. */
const MOST_INSIDE = 0;
const ENTERED = 1;
const NUMBERS = 2;
const INSIDE = 5;
const THREADS = 3;

export function makeLine(permits: 'lock' | 'counter' | 'cells', value = 1): LineBuffers {
  const buffers = {
    words: new SharedArrayBuffer((QUEUE + WAIT_QUEUE_WORDS) * 4),
    notes: new SharedArrayBuffer(32),
  };
  if (permits === 'counter') new Int32Array(buffers.words)[0] = value;
  return buffers;
}

export function nameWord(index: number, buffer: string): string | undefined {
  if (buffer === 'notes') return undefined;
  if (index < QUEUE) return `PERMIT[${index}]`;
  const at = index - QUEUE;
  if (at === 0) return 'DRAWN';
  if (at === 1) return 'SEATS_USED';
  return `${['OWNER', 'TICKET', 'WAKE_WORD'][at % 4] ?? 'word'}[${(at >> 2) - 1}]`;
}

/** What there is to see, for `check`. */
export function readLine({ notes }: LineBuffers): Record<'mostInside' | 'entered', number> {
  const [mostInside = 0, entered = 0] = new Int32Array(notes);
  return { mostInside, entered };
}

export interface VisitorInput {
  /** 0, 1, … */
  readonly index: number;
  readonly permits: 'lock' | 'counter' | 'cells';
  readonly value?: number;
  /**
   * What it does, in order: goes in and out, the same but always standing in line, waits and is cancelled asleep, or gives one back
   * without having had it.
   */
  readonly visits: readonly ('enter' | 'stand' | 'cancel' | 'give')[];
  readonly wrongLine?: keyof typeof WRONG_LINES;
  readonly wrongPermits?: keyof typeof WRONG_PERMITS;
  /** Who is cancelled leaves without ringing the next. */
  readonly leavesSilently?: boolean;
  /** Gives back, and never wakes anyone. */
  readonly givesSilently?: boolean;
}

/** Returns how often it was told that its predecessor had ended. */
export async function visit(buffers: LineBuffers, thread: ModelThread): Promise<number> {
  const input = thread.input as VisitorInput;
  const notes = new Int32Array(buffers.notes);
  notes[NUMBERS + input.index] = thisProducer;
  const { permits, line } = open(buffers, thread, input);
  let told = 0;
  const attempt = (): 'taken' | 'abandoned' | typeof NOTHING => {
    const taken = permits.tryTake(thisProducer);
    return taken === 'none' ? NOTHING : taken;
  };
  const giveBack = (): void => {
    permits.giveBack(thisProducer);
    if (input.givesSilently !== true) line.wakeFirst();
  };
  for (const what of input.visits) {
    if (what === 'give') {
      giveBack();
      continue;
    }
    const taken =
      what === 'cancel'
        ? cancelAsleep(line.wait(attempt))
        : what === 'stand'
          ? await finish(line.wait(attempt), thread)
          : await enter(line, attempt, thread);
    if (taken === null) continue;
    if (taken === 'abandoned') told++;
    notes[INSIDE + input.index] = 1;
    const inside = notes.subarray(INSIDE, INSIDE + THREADS).reduce((sum, one) => sum + one, 0);
    notes[MOST_INSIDE] = Math.max(notes[MOST_INSIDE]!, inside);
    notes[ENTERED]!++;
    thread.atomics.load(notes, INSIDE); // others may come in between
    notes[INSIDE + input.index] = 0;
    giveBack();
  }
  return told;
}

/** As `FairPermits.acquire()` does: who finds nobody waiting need not stand in line. */
async function enter<T>(line: WaitQueue, attempt: () => T | typeof NOTHING, thread: ModelThread): Promise<T> {
  const found = line.memory.isEmpty() ? attempt() : NOTHING;
  return found === NOTHING ? finish(line.wait(attempt), thread) : found;
}

export interface RepairerInput {
  readonly permits: VisitorInput['permits'];
  readonly value?: number;
  /** Of whom it learns that it has ended. */
  readonly victim: number;
  readonly wrongLine?: keyof typeof WRONG_LINES;
}

/** Does what every thread does that learns of another's end. */
export function repair(buffers: LineBuffers, thread: ModelThread): void {
  const input = thread.input as RepairerInput;
  const notes = new Int32Array(buffers.notes);
  const victim = notes[NUMBERS + input.victim]!;
  if (victim === 0) return; // it never came to write its number down
  const { permits, line } = open(buffers, thread, input);
  notes[INSIDE + input.victim] = 0;
  line.memory.expel(victim);
  permits.reclaim(victim);
  if (permits.areLeft()) line.wakeFirst();
}

interface OpenInput extends Pick<
  VisitorInput,
  'permits' | 'value' | 'wrongLine' | 'wrongPermits' | 'leavesSilently'
> {
  readonly victim?: number;
}

function open(
  { words: memory }: LineBuffers,
  { atomics }: ModelThread,
  { permits: kind, value = 1, wrongLine, wrongPermits, leavesSilently = false }: OpenInput,
): { permits: Permits; line: WaitQueue } {
  const words = new Int32Array(memory);
  const right: Permits =
    kind === 'lock'
      ? new HolderWord(words, 0)
      : kind === 'counter'
        ? new PermitCounter(words, 0)
        : new PermitCells(words, 0, value);
  const permits = wrongPermits === undefined ? right : WRONG_PERMITS[wrongPermits](words, atomics);
  const line =
    wrongLine === undefined
      ? new WaitQueueMemory(words, QUEUE, SLOTS)
      : WRONG_LINES[wrongLine](words, atomics);
  const isUseful = (): boolean => !leavesSilently && permits.areLeft();
  return { permits, line: new WaitQueue(line, { isUseful, inTurn: true, sleep: sleepHere }) };
}

type Atomics = ModelThread['atomics'];

const WRONG_PERMITS = {
  /** Looks, and then takes. */
  loadThenStore: (words: Int32Array, { load, store }: Atomics): Permits => ({
    areLeft: () => load(words, 0) === 0,
    tryTake: (producer) => {
      if (load(words, 0) !== 0) return 'none';
      store(words, 0, producer);
      return 'taken';
    },
    giveBack: () => {
      store(words, 0, 0);
      return true;
    },
    reclaim: () => undefined,
  }),
};

const ticketOf = (slot: number): number => QUEUE + 4 + slot * 4 + 1;
const wakeWordOf = (slot: number): number => QUEUE + 4 + slot * 4 + 2;
const ownerOf = (slot: number): number => QUEUE + 4 + slot * 4;

const WRONG_LINES = {
  /** Looks, and shows its ticket then: who gives back in between sees nobody. */
  publishLate: (words: Int32Array) => new PublishesLate(words, QUEUE, SLOTS),
  /** Reads its wake-up word right before it sleeps: woken since it looked, it does not notice. */
  wakeWordLate: (words: Int32Array, { load, waitAsync }: Atomics) =>
    Object.assign(new WaitQueueMemory(words, QUEUE, SLOTS), {
      waitForWakeUp: (slot: number) => waitAsync(words, wakeWordOf(slot), load(words, wakeWordOf(slot))),
    }),
  /** Wakes without a mark. */
  notifyOnly: (words: Int32Array, { notify }: Atomics) => {
    const line = new WaitQueueMemory(words, QUEUE, SLOTS);
    return Object.assign(line, { wake: (slot: number) => void notify(words, wakeWordOf(slot), Infinity) });
  },
  /** Clears the ticket of a slot whose owner it looked at once: it may be somebody else's by now. */
  expelByStore: (words: Int32Array, { cas, load, store }: Atomics) =>
    Object.assign(new WaitQueueMemory(words, QUEUE, SLOTS), {
      expel: (producer: number) => {
        for (let slot = 0; slot < SLOTS; slot++) {
          if (load(words, ownerOf(slot)) !== producer) continue;
          store(words, ticketOf(slot), 0);
          cas(words, ownerOf(slot), producer, 0);
        }
      },
    }),
};

class PublishesLate extends WaitQueueMemory {
  readonly #late = new Map<number, number>();

  override publish(slot: number, ticket: number): void {
    if (ticket === 0) super.publish(slot, ticket);
    else this.#late.set(slot, ticket);
  }

  override first(): number {
    const first = super.first();
    return first === -1 ? ([...this.#late.keys()][0] ?? -1) : first; // itself
  }

  override waitForWakeUp(slot: number, value: number): ReturnType<WaitQueueMemory['waitForWakeUp']> {
    const ticket = this.#late.get(slot);
    if (ticket !== undefined) super.publish(slot, ticket);
    this.#late.delete(slot);
    return super.waitForWakeUp(slot, value);
  }
}
