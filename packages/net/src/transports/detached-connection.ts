import { inspect } from 'node:util';
import { toError, type Sendable, WIRE, type Wire } from '@ringloop/core/internal';
import { TransportStateError } from '../errors.js';
import { answered, type Offer, offer, refuse, take, tryWithdraw } from '../sockets/hand-over.js';
import { FlowControl } from './flow-control.js';
import type { SocketAddress } from '../sockets/sockaddr.js';
import type { Socket } from '../sockets/socket.js';

/** What a transport knows of its connection, beside the socket. */
export interface ConnectionFacts {
  /** Bytes that were written, but not sent. */
  readonly unsent: Uint8Array<ArrayBuffer>;
  /** Whether our side has ended, or ends when `unsent` is sent. */
  readonly eofWritten: boolean;
  /** Whether the peer's side has ended and the protocol was told. */
  readonly eofReceived: boolean;
  /** The marks of the write buffer, in bytes. */
  readonly limits: readonly [low: number, high: number];
  readonly peername: SocketAddress | string | null;
}

/** The form in which a connection is sent. */
export interface ConnectionWire extends Wire, ConnectionFacts {
  readonly kind: typeof KIND;
  readonly offer: Offer;
}

/**
 * here: this thread has the connection. in flight: it was sent to another thread, which has not taken it yet. gone: it was
 * taken, attached or closed.
 */
export type DetachedState = 'here' | 'in flight' | 'gone';

export const KIND = 'DetachedConnection';

/** Connections of this thread that are in flight. They must not be collected. */
const inFlight = new Set<DetachedConnection>();
/** The connections that this thread has offered, by the memory of the offer. */
const offered = new WeakMap<SharedArrayBuffer, WeakRef<DetachedConnection>>();
const forgotten = new FinalizationRegistry<Socket>((sock) => {
  if (sock.fileno() === -1) return;
  process.emitWarning(`A detached connection was neither sent, attached nor closed: ${inspect(sock)}`, {
    type: 'ResourceWarning',
    code: 'RINGLOOP_CONNECTION_FORGOTTEN',
  });
  sock.close();
});

/**
 * A live connection between two transports. It has left one by `transport.detach()` and goes on in another by
 * `loop.attachConnection()`: in this loop or in another one, to which it is sent as an argument or result of a call. Bytes
 * that were not sent or not read yet go with it. Whoever has it must attach, send or close it. No counterpart in Python.
 *
 * A connection that was sent stays with its sender until it has arrived. So if the other thread dies first, it is not lost.
 */
export class DetachedConnection implements Disposable, Sendable<ConnectionWire> {
  /** @internal */
  declare readonly [WIRE]: ConnectionWire;
  readonly #facts: ConnectionFacts;
  readonly #onReturn: ((connection: DetachedConnection) => void) | null;
  #sock: Socket | null;
  #offer: Offer | null = null;
  /** Of this offer. Always the same object: those who send it compare. */
  #offerWire: ConnectionWire | null = null;
  /** The producers that it was sent to and that live. */
  #receivers: number[] = [];
  #state: DetachedState = 'here';
  /** Why it could not be taken when it arrived. */
  #failure: Error | null = null;

  /**
   * @internal
   * @param sock is owned by this object from now on; an error is why there is none
   */
  constructor(
    sock: Socket | Error,
    facts: ConnectionFacts,
    onReturn: ((connection: DetachedConnection) => void) | null = null,
  ) {
    this.#facts = facts;
    this.#onReturn = onReturn;
    // Read when it is sent: before, it need not be offered.
    Object.defineProperty(this, WIRE, { get: () => this.#wire() });
    if (sock instanceof Error) {
      this.#sock = null;
      this.#state = 'gone';
      this.#failure = sock;
    } else {
      this.#sock = sock;
      forgotten.register(this, sock, this);
    }
  }

  /** 'here', 'in flight' to another thread, or 'gone'. */
  get state(): DetachedState {
    return this.#state;
  }

  /** The number of this thread's descriptor, -1 when it is gone. */
  fileno(): number {
    return this.#sock?.fileno() ?? -1;
  }

  /** The peer's address, null when unknown. */
  get peername(): SocketAddress | string | null {
    return this.#facts.peername;
  }

  /** Number of bytes that were written, but not sent yet. They are sent when the connection is attached. */
  get unsentBytes(): number {
    return this.#facts.unsent.byteLength;
  }

  /** Whether the peer had ended its side and the protocol was told. The next protocol is not told again. */
  get eofReceived(): boolean {
    return this.#facts.eofReceived;
  }

  /** Whether `writeEof()` was called. */
  get eofWritten(): boolean {
    return this.#facts.eofWritten;
  }

  /** Closes the connection, unless it is gone. Bytes that are not sent are dropped. Can be repeated. */
  close(): void {
    if (this.#state === 'gone') return;
    if (this.#offer !== null) tryWithdraw(this.#offer); // if it was taken, this thread's number must be closed as well
    this.#leave()?.close();
  }

  /** As `close()`, at the end of `using`. Does nothing to a connection that was sent: it is on its way. */
  [Symbol.dispose](): void {
    if (this.#state === 'here') this.close();
  }

  /**
   * Takes the socket out, for its next owner. Withdraws it if it is in flight.
   * @internal
   * @throws {TransportStateError} ERR_CONNECTION_GONE
   * @throws what has kept it from being taken when it arrived
   */
  release(): { sock: Socket; facts: ConnectionFacts } {
    if (this.#failure !== null) throw this.#failure;
    if (this.#state === 'gone') throw gone('use');
    if (this.#offer !== null && !tryWithdraw(this.#offer)) {
      this.#leave()?.close();
      throw gone('use');
    }
    const sock = this.#leave();
    if (sock === null) throw gone('use');
    return { sock, facts: this.#facts };
  }

  /** It is on its way to a producer. @internal */
  sentTo(receiver: number): void {
    if (this.#offer === null || this.#state === 'gone') return;
    this.#receivers.push(receiver);
    if (this.#state === 'in flight') return;
    this.#state = 'in flight';
    inFlight.add(this);
    const sent = this.#offer;
    void answered(sent).then((answer) => {
      if (this.#offer !== sent) return; // it has returned before
      if (answer === 'taken') this.#leave()?.close();
      else if (answer === 'refused') this.#returned();
    });
  }

  /** The thread of a producer has ended. @internal */
  receiverEnded(receiver: number): void {
    this.#receivers = this.#receivers.filter((each) => each !== receiver);
    if (this.#receivers.length > 0 || this.#offer === null) return;
    if (tryWithdraw(this.#offer)) this.#returned();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<DetachedConnection ${this.#state} fd=${this.fileno()} unsent=${this.unsentBytes}>`;
  }

  #wire(): ConnectionWire {
    if (this.#sock === null) throw this.#failure ?? gone('send');
    if (this.#offerWire !== null) return this.#offerWire;
    this.#offer = offer(this.#sock);
    offered.set(this.#offer.memory, new WeakRef(this));
    return (this.#offerWire = { kind: KIND, offer: this.#offer, ...this.#facts });
  }

  #endOffer(): void {
    this.#offer = this.#offerWire = null;
  }

  /** Nobody has taken it. */
  #returned(): void {
    this.#state = 'here';
    this.#endOffer(); // the next one is a new offer
    this.#receivers = [];
    inFlight.delete(this);
    if (this.#onReturn === null) this.close();
    else this.#onReturn(this);
  }

  #leave(): Socket | null {
    const sock = this.#sock;
    this.#sock = null;
    this.#endOffer();
    this.#state = 'gone';
    inFlight.delete(this);
    forgotten.unregister(this);
    return sock;
  }
}

/** A connection that was just accepted, and that no transport has had. It owns `sock`. */
export function connectionOf(
  sock: Socket,
  peername: SocketAddress | string,
  onReturn: (connection: DetachedConnection) => void,
): DetachedConnection {
  return new DetachedConnection(sock, { ...FRESH, peername }, onReturn);
}

/** What a transport knows that has not read or written yet. The marks are asyncio's defaults. */
const FRESH = {
  unsent: new Uint8Array(0),
  eofWritten: false,
  eofReceived: false,
  limits: new FlowControl(() => undefined).limits,
} as const;

/** The connection that another thread has sent. If it cannot be taken, it stays with its sender, and using it throws the reason. */
export function arrive({ offer: sent, ...facts }: ConnectionWire): DetachedConnection {
  try {
    return new DetachedConnection(take(sent), facts);
  } catch (thrown) {
    refuse(sent);
    return new DetachedConnection(toError(thrown), facts);
  }
}

/** Called when a connection was sent. @param hasEnded whether the receiver's thread has ended */
export function connectionSent(
  wire: ConnectionWire,
  receiver: number,
  hasEnded: (receiver: number) => boolean,
): void {
  const connection = offered.get(wire.offer.memory)?.deref();
  connection?.sentTo(receiver);
  if (hasEnded(receiver)) connection?.receiverEnded(receiver);
}

/** Called when a connection has arrived that nobody will read. */
export function connectionDropped(wire: ConnectionWire): void {
  refuse(wire.offer);
}

/** Called when the thread of a producer has ended: what it has not taken comes back. */
export function receiverEnded(receiver: number): void {
  for (const connection of [...inFlight]) connection.receiverEnded(receiver);
}

function gone(what: string): TransportStateError {
  const message = `Cannot ${what} the connection: it was closed or attached, or another thread has taken it`;
  return new TransportStateError(message, 'ERR_CONNECTION_GONE');
}
