/**
 * The side road of an inbox: for what cannot be written into a ring. It is a BroadcastChannel named after the inbox, so any
 * thread finds it without being introduced. Messages are in the owner's queue when `send()` returns: they survive their
 * sender. They have no order of their own; a record in the lane says when number n of that lane is due.
 *
 * Between threads that were introduced to each other there is something better: roads.ts. What only Node can clone has one receiver at
 * most, so here it is refused while a third thread has an end open.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { InternalError } from '@ringloop/core';

interface SideMessage {
  readonly producer: number;
  readonly number: number;
  readonly value: unknown;
}

const channelName = (inboxId: string): string => `ringloop:${inboxId}`;

/** Messages of this thread, to whichever inbox: it may leave a lane and take another, and no number must mean two messages. */
let sent = 0;

/** The sending end, one a lane. */
export class SideRoadSender {
  readonly #name: string;
  readonly #producer: number;
  #channel: BroadcastChannel | null = null;

  constructor(inboxId: string, producer: number) {
    this.#name = channelName(inboxId);
    this.#producer = producer;
  }

  /** Sends a structured clone and returns its number. Throws what structured clone throws. */
  readonly send = (value: unknown): number => {
    const number = (sent + 1) | 0; // it is a word of the record
    const message: SideMessage = { producer: this.#producer, number, value };
    (this.#channel ?? this.#open()).postMessage(message);
    sent = number;
    return number;
  };

  /**
   * For this turn: an idle end would be given a copy of everything that others send. And not for one message: until the turn is over,
   * Node counts an end that was closed among the receivers, so that each message would take longer than the one before.
   */
  #open(): BroadcastChannel {
    const channel = new BroadcastChannel(this.#name);
    channel.unref();
    this.#channel = channel;
    setImmediate(() => {
      this.#channel = null;
      channel.close();
    }).unref();
    return channel;
  }
}

/** The owner's end. */
export class SideRoad {
  readonly #channel: BroadcastChannel;
  readonly #arrived = new Map<number, Map<number, unknown>>();

  constructor(inboxId: string) {
    this.#channel = new BroadcastChannel(channelName(inboxId));
    this.#channel.onmessage = (event) => this.#put((event as { data: SideMessage }).data); // only our senders know the name
    this.#channel.unref();
  }

  /** Takes message `number` of `producer`; it was sent before the record that asks for it was published. */
  take(producer: number, number: number): unknown {
    const messages = this.#of(producer);
    while (!messages.has(number)) {
      const received = receive(this.#channel);
      if (received === undefined)
        throw new InternalError(`Side road lost message ${number} of producer ${producer}`);
      this.#put(received.message);
    }
    const value = messages.get(number);
    messages.delete(number);
    return value;
  }

  /** The producer is gone; what it sent for records that it never published is of no use. */
  forget(producer: number): void {
    this.#arrived.delete(producer);
  }

  close(): void {
    this.#channel.close();
    this.#arrived.clear();
  }

  #put({ producer, number, value }: SideMessage): void {
    this.#of(producer).set(number, value);
  }

  #of(producer: number): Map<number, unknown> {
    const messages = this.#arrived.get(producer) ?? new Map<number, unknown>();
    this.#arrived.set(producer, messages);
    return messages;
  }
}

/** Node takes channels here as well as ports; its types do not say so on 20. Only our senders know the name. */
function receive(channel: BroadcastChannel): { message: SideMessage } | undefined {
  return receiveMessageOnPort(channel as unknown as MessagePort);
}
