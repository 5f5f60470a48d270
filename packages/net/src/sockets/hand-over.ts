/**
 * How the descriptor of a connection goes from one thread to another. This is the only place where it changes hands.
 *
 * All threads of a process see the same descriptors, so a number could simply be sent. But then a number that is sent to a
 * thread that dies would be closed by nobody, and one whose sender dies could belong to another file by the time that it
 * arrives. So the sender keeps its descriptor until the receiver has made one of its own:
 *
 *   STATE      written by (by cas, from OFFERED)   meaning
 *   OFFERED    the sender                          the sender's number is the connection
 *   TAKEN      the receiver                        the receiver has a duplicate, and the sender closes its number
 *   REFUSED    the receiver                        it could not or will not: the connection stays with the sender
 *   WITHDRAWN  the sender                          the sender uses or closes the connection itself
 *
 * 1. The receiver duplicates first, then takes. Whenever it is killed, either the state is still OFFERED or it had the
 *    duplicate, and the hooks of its thread close what it had.
 * 2. The number may have been closed and given to another file, if the sender's thread has ended: a ticket tells (socket-ticket.ts).
 * 3. The sender waits for the answer, or hears that the receiver's thread has ended, and then withdraws.
 * 4. A receiver that is killed between its answer and notify() leaves the sender asleep. The withdrawal of rule 3 wakes it.
 *
 * test/model/hand-over.test.ts walks through every order of these steps, and kills each side before each of them.
 */
import { cas, load, notify, waitAsync } from '#atomics';
import { TransportStateError } from '../errors.js';
import { isSystemError } from '../libc/system-error.js';
import { Socket } from './socket.js';
import type { SocketTicket } from './socket-ticket.js';

const STATE = 0;
const OFFERED = 0;
const TAKEN = 1;
const REFUSED = 2;
const WITHDRAWN = 3;

/** A connection that another thread may take. */
export interface Offer {
  readonly memory: SharedArrayBuffer;
  /** Names the sender's descriptor. */
  readonly ticket: SocketTicket;
}

/** How an offer has ended. */
export type Answer = 'taken' | 'refused' | 'withdrawn';

/** Offers the connection of `sock`, which must stay open until there is an answer. */
export function offer(sock: Socket): Offer {
  return { memory: new SharedArrayBuffer(4), ticket: sock.ticket() };
}

/** Takes back the sender's offer. False: another thread has taken the connection. */
export function tryWithdraw({ memory }: Offer): boolean {
  return answer(memory, WITHDRAWN) !== TAKEN;
}

/**
 * Takes the connection: the socket is this thread's own.
 * @throws {TransportStateError} ERR_CONNECTION_GONE when somebody else has it, or it was closed
 * @throws {SystemError} EMFILE
 */
export function take(offered: Offer): Socket {
  return takeBy(offered, dupOf);
}

/** As `take()`; `duplicate` makes the descriptor. Tests give another one than the system's. */
export function takeBy<S extends { close(): void }>(
  offered: Offer,
  duplicate: (ticket: SocketTicket) => S,
): S {
  if (load(new Int32Array(offered.memory), STATE) !== OFFERED) throw gone();
  const sock = duplicate(offered.ticket);
  if (answer(offered.memory, TAKEN) === OFFERED) return sock;
  sock.close();
  throw gone();
}

/** Leaves the connection with the sender. */
export function refuse({ memory }: Offer): void {
  answer(memory, REFUSED);
}

/** Resolves when the offer has ended. Does not keep the process alive. */
export async function answered({ memory }: Offer): Promise<Answer> {
  const words = new Int32Array(memory);
  const waiting = waitAsync(words, STATE, OFFERED);
  if (waiting.async) await waiting.value;
  const state = load(words, STATE);
  if (state === TAKEN) return 'taken';
  return state === REFUSED ? 'refused' : 'withdrawn';
}

/** Returns the state before: the answer counts only if that was OFFERED. */
function answer(memory: SharedArrayBuffer, state: number): number {
  const words = new Int32Array(memory);
  const before = cas(words, STATE, OFFERED, state);
  notify(words, STATE, Infinity); // also where it is answered: who did that may have been killed before it could notify
  return before;
}

/**
 * A second descriptor of a socket that stays open in another thread meanwhile, such as a listening one.
 * @throws {TransportStateError} ERR_CONNECTION_GONE when the number belongs to another file
 * @throws {SystemError} EMFILE
 */
export function dupOf(ticket: SocketTicket): Socket {
  try {
    return Socket.fromTicket(ticket);
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'EBADF') throw gone();
    throw thrown;
  }
}

function gone(): TransportStateError {
  const message = 'Cannot take the connection: it was closed, or somebody else has taken it';
  return new TransportStateError(message, 'ERR_CONNECTION_GONE');
}
