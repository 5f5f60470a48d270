/**
 * Transfer ports: ports between two threads, for what can only be moved: MessagePorts and the like, and the memory of
 * large ArrayBuffers. A thread that spawns a group has a transfer port to each of its loops, and connects every two of
 * them by one; other threads have none. As on the broadcast channel (broadcast.ts), a message is in the receiver's
 * queue before the record that asks for it is published, and its order is that of the record.
 *
 * The spawner introduces a loop that is started later to the running loops. That message is in their queues before
 * anybody gets a reference to the new loop. So a thread with such a reference finds the transfer port, if it looks into
 * the queue first.
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

/** A port to a thread, which is named as a producer: thread id + 1. */
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

  /** Does not listen to the ports, so they keep no thread alive. */
  constructor(out: MessagePort, into = out) {
    this.#out = out;
    this.#in = into;
  }

  /** Whether it is closed and has no messages left to take. */
  get isSpent(): boolean {
    return this.#closed && this.#arrived.size === 0;
  }

  /**
   * Sends `value`, moves what `transferList` names, and returns the message number. Throws what `postMessage()` throws.
   */
  send(value: unknown, transferList: readonly Transferable[]): number {
    const message: Message = { number: this.#sent + 1, value };
    this.#out.postMessage(message, transferList);
    return ++this.#sent;
  }

  /** Sends the other thread a port that leads to a third thread. */
  offer(portOffer: PortOffer): void {
    this.#out.postMessage(portOffer, [portOffer.port]);
  }

  /** Takes message `number`, which was sent before the record that asks for it was published. */
  take(number: number): unknown {
    while (!this.#arrived.has(number)) {
      if (!this.#receive()) throw new InternalError(`A transfer port lost message ${number}`);
    }
    const value = this.#arrived.get(number);
    this.#arrived.delete(number);
    return value;
  }

  /** Receives all that has arrived: it may contain port offers. */
  look(): void {
    while (this.#receive());
  }

  /** Closes the port, because the other thread has ended. Messages that have arrived can still be taken. */
  close(): void {
    if (this.#closed) return;
    this.look();
    this.#closed = true;
    this.#in.close();
  }

  #receive(): boolean {
    const received = this.#closed ? undefined : receiveMessageOnPort(this.#in);
    if (received === undefined) return false;
    const message = received.message as PortMessage; // the other end is a TransferPort too
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

/** Called in a thread that is a member of a group. */
export function joinGroupPorts(spawner: PortOffer, siblings: readonly PortOffer[]): void {
  toSpawner = addTransferPort(spawner);
  for (const sibling of siblings) addTransferPort(sibling);
}

/** The transfer port to a thread, which may be this one; null if there is none. */
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

/** Closes the transfer port to a thread that has ended. */
export function closeTransferPort(producer: number): void {
  const port = ports.get(producer);
  port?.close();
  if (port?.isSpent === true) ports.delete(producer);
}
