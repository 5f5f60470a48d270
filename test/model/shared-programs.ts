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

const LINE = 4;
const SEATS = 3;
/** Plain words. The most that were inside at a time; how often anybody got in; by thread: its number in the line, and 1 while inside. */
const MOST_INSIDE = 0;
const ENTERED = 1;
const NUMBERS = 2;
const INSIDE = 5;
const THREADS = 3;

export function makeLine(permits: 'lock' | 'counter' | 'cells', value = 1): LineBuffers {
  const buffers = {
    words: new SharedArrayBuffer((LINE + WAIT_QUEUE_WORDS) * 4),
    notes: new SharedArrayBuffer(32),
  };
  if (permits === 'counter') new Int32Array(buffers.words)[0] = value;
  return buffers;
}

export function nameWord(index: number, buffer: string): string | undefined {
  if (buffer === 'notes') return undefined;
  if (index < LINE) return `PERMIT[${index}]`;
  const at = index - LINE;
  if (at === 0) return 'DRAWN';
  if (at === 1) return 'SEATS_USED';
  return `${['OWNER', 'TICKET', 'BELL'][at % 4] ?? 'word'}[${(at >> 2) - 1}]`;
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
  /** Gives back, and never rings. */
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

/** As `Passage.acquire()` does: who finds nobody waiting need not stand in line. */
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
      ? new WaitQueueMemory(words, LINE, SEATS)
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

const ticketOf = (seat: number): number => LINE + 4 + seat * 4 + 1;
const bellOf = (seat: number): number => LINE + 4 + seat * 4 + 2;
const ownerOf = (seat: number): number => LINE + 4 + seat * 4;

const WRONG_LINES = {
  /** Looks, and shows its ticket then: who gives back in between sees nobody. */
  publishLate: (words: Int32Array) => new PublishesLate(words, LINE, SEATS),
  /** Reads its bell right before it sleeps: rung since it looked, it does not notice. */
  bellLate: (words: Int32Array, { load, waitAsync }: Atomics) =>
    Object.assign(new WaitQueueMemory(words, LINE, SEATS), {
      waitForBell: (seat: number) => waitAsync(words, bellOf(seat), load(words, bellOf(seat))),
    }),
  /** Wakes without a mark. */
  notifyOnly: (words: Int32Array, { notify }: Atomics) => {
    const line = new WaitQueueMemory(words, LINE, SEATS);
    return Object.assign(line, { ring: (seat: number) => void notify(words, bellOf(seat), Infinity) });
  },
  /** Clears the ticket of a seat whose owner it looked at once: it may be somebody else's by now. */
  expelByStore: (words: Int32Array, { cas, load, store }: Atomics) =>
    Object.assign(new WaitQueueMemory(words, LINE, SEATS), {
      expel: (producer: number) => {
        for (let seat = 0; seat < SEATS; seat++) {
          if (load(words, ownerOf(seat)) !== producer) continue;
          store(words, ticketOf(seat), 0);
          cas(words, ownerOf(seat), producer, 0);
        }
      },
    }),
};

class PublishesLate extends WaitQueueMemory {
  readonly #late = new Map<number, number>();

  override publish(seat: number, ticket: number): void {
    if (ticket === 0) super.publish(seat, ticket);
    else this.#late.set(seat, ticket);
  }

  override first(): number {
    const first = super.first();
    return first === -1 ? ([...this.#late.keys()][0] ?? -1) : first; // itself
  }

  override waitForWakeUp(seat: number, rung: number): ReturnType<WaitQueueMemory['waitForWakeUp']> {
    const ticket = this.#late.get(seat);
    if (ticket !== undefined) super.publish(seat, ticket);
    this.#late.delete(seat);
    return super.waitForWakeUp(seat, rung);
  }
}
