/**
 * A connection on its way from one thread to another, and threads that do it wrong. Descriptors are words of a table here: which file a
 * number belongs to, which a kernel would know. A dup() is one step of the kernel, and so is a close().
 */
import { answered, type Offer, refuse, takeBy, tryWithdraw } from '@ringloop/net/internal';
import type { ModelThread } from './worker.js';

export interface HandOverBuffers {
  /** The word of the offer. */
  readonly offer: SharedArrayBuffer;
  /** By number of a descriptor: its file. */
  readonly files: SharedArrayBuffer;
  /** Word 0: who uses the connection, a bit by number. Word 1: whether the sender has dealt with its offer. */
  readonly notes: SharedArrayBuffer;
}

const STATE = 0;
const OFFERED = 0;
const TAKEN = 1;
const WITHDRAWN = 3;

const CLOSED = 0;
export const CONNECTION = 1;
export const OTHER_FILE = 2;

/** The sender's number. Each receiver has the one of its name. */
export const SENDERS = 0;

export const USERS = 0;
const DEALT_WITH = 1;

const NAMES: Readonly<Record<string, readonly string[]>> = {
  offer: ['STATE'],
  files: ['FD[sender]', 'FD[1]', 'FD[2]'],
  notes: ['USERS', 'DEALT_WITH'],
};

export const WORD_NAMES = (index: number, buffer: string): string | undefined => NAMES[buffer]?.[index];

export function makeHandOver(): HandOverBuffers {
  const buffers = {
    offer: new SharedArrayBuffer(4),
    files: new SharedArrayBuffer(4 * 4),
    notes: new SharedArrayBuffer(2 * 4),
  };
  new Int32Array(buffers.files)[SENDERS] = CONNECTION;
  return buffers;
}

/** Stands for EBADF. */
class NoSuchSocket extends Error {}

function offerOf({ offer }: HandOverBuffers): Offer {
  return { memory: offer, ticket: { fileno: SENDERS, cookie: BigInt(CONNECTION) } };
}

function close({ files }: HandOverBuffers, fd: number, { atomics }: ModelThread): void {
  const file = atomics.load(new Int32Array(files), fd);
  if (file !== CONNECTION) throw new Error(`Descriptor ${fd} of file ${file} was closed, as if it were ours`);
  atomics.store(new Int32Array(files), fd, CLOSED);
}

/** From here on this thread reads and writes. Nobody else may. */
function use({ notes }: HandOverBuffers, fd: number, { atomics }: ModelThread): void {
  if (atomics.add(new Int32Array(notes), USERS, 1 << fd) !== 0)
    throw new Error('Two threads have the connection');
}

/** What the hooks of a thread do at its end, and that it uses nothing any more. */
function end({ files, notes }: HandOverBuffers, fd: number, { atomics }: ModelThread): void {
  atomics.store(new Int32Array(files), fd, CLOSED);
  const users = new Int32Array(notes);
  if ((atomics.load(users, USERS) & (1 << fd)) !== 0) atomics.add(users, USERS, -(1 << fd));
}

/** Whether this is the first time: what a sender has dealt with is not an offer any more. */
function dealWith({ notes }: HandOverBuffers, { atomics }: ModelThread): boolean {
  return atomics.cas(new Int32Array(notes), DEALT_WITH, 0, 1) === 0;
}

export interface SenderInput {
  /** Wants the connection back at once. */
  readonly withdraws?: boolean;
  readonly wrong?: 'closes without an answer' | 'withdraws by store';
}

/** Offers the connection, and says what has become of the offer. */
export async function send(buffers: HandOverBuffers, thread: ModelThread): Promise<string> {
  const { withdraws = false, wrong } = thread.input as SenderInput;
  if (wrong === 'closes without an answer') {
    close(buffers, SENDERS, thread);
    return 'sent';
  }
  const answer = answered(offerOf(buffers));
  if (withdraws) {
    answer.catch(() => undefined); // where the schedule is over meanwhile
    dealWith(buffers, thread);
    const isOurs =
      wrong === 'withdraws by store' ? withdrawByStore(buffers, thread) : tryWithdraw(offerOf(buffers));
    return keepOrClose(buffers, isOurs, thread);
  }
  thread.atomics.sleepUntilWoken();
  const how = await answer;
  if (how === 'withdrawn' || !dealWith(buffers, thread)) return 'dealt with';
  return keepOrClose(buffers, how === 'refused', thread);
}

function withdrawByStore({ offer }: HandOverBuffers, { atomics }: ModelThread): boolean {
  const words = new Int32Array(offer);
  if (atomics.load(words, STATE) === TAKEN) return false;
  atomics.store(words, STATE, WITHDRAWN);
  return true;
}

function keepOrClose(buffers: HandOverBuffers, isOurs: boolean, thread: ModelThread): string {
  if (isOurs) {
    use(buffers, SENDERS, thread);
    return 'kept';
  }
  close(buffers, SENDERS, thread);
  return 'given';
}

export interface ReceiverInput {
  /** The number that its descriptor will have. */
  readonly fd: number;
  /** Wants none. */
  readonly refuses?: boolean;
  readonly wrong?: keyof typeof WRONG_TAKES | 'by number' | 'looks before only';
}

/** Takes the connection, and says whether it got it. */
export function receive(buffers: HandOverBuffers, thread: ModelThread): string {
  const { fd, refuses = false, wrong } = thread.input as ReceiverInput;
  const offer = offerOf(buffers);
  if (refuses) {
    refuse(offer);
    return 'refused';
  }
  const duplicate = (): { close(): void } => dup(buffers, fd, thread);
  try {
    if (wrong !== undefined && wrong in WRONG_TAKES)
      WRONG_TAKES[wrong as keyof typeof WRONG_TAKES](buffers, duplicate, thread);
    else takeBy(offer, duplicate);
  } catch (thrown) {
    if (!(thrown instanceof NoSuchSocket) && (thrown as { code?: unknown }).code !== 'ERR_CONNECTION_GONE')
      throw thrown;
    refuse(offer); // as arrive() does
    return 'gone';
  }
  if (thread.atomics.load(new Int32Array(buffers.files), fd) !== CONNECTION)
    throw new Error('It has taken another file');
  use(buffers, fd, thread);
  return 'taken';
}

/** As socket-ticket.ts duplicates: looks which file it is, before and afterwards. */
function dup(buffers: HandOverBuffers, fd: number, thread: ModelThread): { close(): void } {
  const { wrong } = thread.input as ReceiverInput;
  const { load, store } = thread.atomics;
  const files = new Int32Array(buffers.files);
  if (wrong !== 'by number' && load(files, SENDERS) !== CONNECTION) throw new NoSuchSocket();
  const file = load(files, SENDERS); // this is the moment of dup(): the number below is nobody else's
  if (file === CLOSED) throw new NoSuchSocket();
  store(files, fd, file);
  if (wrong === undefined && load(files, fd) !== CONNECTION) {
    store(files, fd, CLOSED);
    throw new NoSuchSocket();
  }
  return { close: () => close(buffers, fd, thread) };
}

type WrongTake = (
  buffers: HandOverBuffers,
  duplicate: () => { close(): void },
  thread: ModelThread,
) => unknown;

const WRONG_TAKES = {
  'takes and then duplicates': ({ offer }, duplicate, { atomics }) => {
    const words = new Int32Array(offer);
    if (atomics.cas(words, STATE, OFFERED, TAKEN) !== OFFERED) throw new NoSuchSocket();
    atomics.notify(words, STATE, Infinity);
    duplicate();
  },
  'takes by store': ({ offer }, duplicate, { atomics }) => {
    const words = new Int32Array(offer);
    if (atomics.load(words, STATE) !== OFFERED) throw new NoSuchSocket();
    duplicate();
    atomics.store(words, STATE, TAKEN);
    atomics.notify(words, STATE, Infinity);
  },
  'keeps its duplicate': ({ offer }, duplicate, { atomics }) => {
    const words = new Int32Array(offer);
    if (atomics.load(words, STATE) !== OFFERED) throw new NoSuchSocket();
    duplicate();
    if (atomics.cas(words, STATE, OFFERED, TAKEN) !== OFFERED) throw new NoSuchSocket();
    atomics.notify(words, STATE, Infinity);
  },
} satisfies Record<string, WrongTake>;

export interface EndInput {
  /** The descriptor of the thread that has ended. */
  readonly fd: number;
  readonly wrong?: 'wakes nobody';
}

/** The receiver has ended: its hooks close what it had, and the sender is told. */
export function afterReceiver(buffers: HandOverBuffers, thread: ModelThread): string {
  const { fd, wrong } = thread.input as EndInput;
  end(buffers, fd, thread);
  const isOurs = wrong === undefined ? tryWithdraw(offerOf(buffers)) : withdrawQuietly(buffers, thread);
  if (!isOurs) return 'it was taken'; // the sender has been woken
  return dealWith(buffers, thread) ? keepOrClose(buffers, true, thread) : 'dealt with';
}

/** Wakes the sender only if nobody has answered before. */
function withdrawQuietly({ offer }: HandOverBuffers, { atomics }: ModelThread): boolean {
  const words = new Int32Array(offer);
  const before = atomics.cas(words, STATE, OFFERED, WITHDRAWN);
  if (before === OFFERED) atomics.notify(words, STATE, Infinity);
  return before !== TAKEN;
}

/** The sender has ended: its hooks close what it had, and somebody else gets its number. */
export function afterSender(buffers: HandOverBuffers, thread: ModelThread): void {
  end(buffers, SENDERS, thread);
  thread.atomics.store(new Int32Array(buffers.files), SENDERS, OTHER_FILE);
}
