/**
 * Transfer ports: a port between two threads, for what can only be moved: MessagePorts and the like, and the memory of large ArrayBuffers. A
 * thread that spawns a group has a transfer port to each of its loops, and lays one between every two of them; between other threads
 * there is none. As on the broadcast channel (side-transfer port.ts) a message is in the receiver's queue before the record that asks for it is
 * published, and has its place in the order there.
 *
 * The spawner introduces a loop that is started later to those that run. That message stands in their queue before anybody
 * is given a reference to the new loop: so who has one finds the transfer port, if only it looks into the queue first.
 */
import {
  MessageChannel,
  type MessagePort,
  receiveMessageOnPort,
  type Transferable,
} from 'node:worker_threads';
import { InternalError } from '@ringloop/core';
import { thisProducer } from '../memory/inbox-memory.js';

interface Message {
  readonly number: number;
  readonly value: unknown;
}

/** A port to a thread, given as producers are: thread id + 1. */
export interface PortOffer {
  readonly producer: number;
  readonly port: MessagePort;
}

type PortMessage = Message | PortOffer;

/** This thread's end of a transfer port. */
export class TransferPort {
  readonly #out: MessagePort;
  readonly #in: MessagePort;
  readonly #arrived = new Map<number, unknown>();
  #sent = 0;
  #closed = false;

  /** Nobody listens to the ports: they keep no thread alive. */
  constructor(out: MessagePort, into = out) {
    this.#out = out;
    this.#in = into;
  }

  /** Closed, and nothing is left to be taken. */
  get isSpent(): boolean {
    return this.#closed && this.#arrived.size === 0;
  }

  /** Moves what the list says, and returns the message's number. Throws what `postMessage()` throws. */
  send(value: unknown, transferList: readonly Transferable[]): number {
    const cargo: Message = { number: this.#sent + 1, value };
    this.#out.postMessage(cargo, transferList);
    return ++this.#sent;
  }

  /** Tells the other end of a port that leads to a third thread. */
  offer(introduction: PortOffer): void {
    this.#out.postMessage(introduction, [introduction.port]);
  }

  /** Takes message `number`; it was sent before the record that asks for it was published. */
  take(number: number): unknown {
    while (!this.#arrived.has(number)) {
      if (!this.#receive()) throw new InternalError(`A transfer port lost message ${number}`);
    }
    const value = this.#arrived.get(number);
    this.#arrived.delete(number);
    return value;
  }

  /** Looks at all that has arrived: there may be introductions among it. */
  look(): void {
    while (this.#receive());
  }

  /** The other thread has ended: what has arrived can still be taken. */
  close(): void {
    if (this.#closed) return;
    this.look();
    this.#closed = true;
    this.#in.close();
  }

  #receive(): boolean {
    const received = this.#closed ? undefined : receiveMessageOnPort(this.#in);
    if (received === undefined) return false;
    const message = received.message as PortMessage; // the other end is one of these
    if ('number' in message) this.#arrived.set(message.number, message.value);
    else addTransferPort(message);
    return true;
  }
}

const ports = new Map<number, TransferPort>();
let toSpawner: TransferPort | null = null;

export function addTransferPort({ producer, port }: PortOffer): TransferPort {
  const added = new TransferPort(port);
  ports.set(producer, added);
  return added;
}

/** This thread is a member of a group. */
export function joinGroupPorts(spawner: PortOffer, siblings: readonly PortOffer[]): void {
  toSpawner = addTransferPort(spawner);
  for (const sibling of siblings) addTransferPort(sibling);
}

/** The transfer port to a thread, which may be this one; null where there is none. */
export function transferPortTo(producer: number): TransferPort | null {
  if (!ports.has(producer)) toSpawner?.look();
  const known = ports.get(producer);
  if (known !== undefined || producer !== thisProducer) return known ?? null;
  const { port1, port2 } = new MessageChannel();
  const circle = new TransferPort(port1, port2);
  ports.set(producer, circle);
  return circle;
}

export function takeFromPort(producer: number, number: number): unknown {
  const port = transferPortTo(producer);
  if (port === null) throw new InternalError(`There is no transfer port from producer ${producer}`);
  const value = port.take(number);
  if (port.isSpent) ports.delete(producer);
  return value;
}

/** A thread has ended. */
export function closeTransferPort(producer: number): void {
  const port = ports.get(producer);
  port?.close();
  if (port?.isSpent === true) ports.delete(producer);
}
