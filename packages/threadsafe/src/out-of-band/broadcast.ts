/**
 * The broadcast channel of an inbox: for what cannot be written into a ring. It is a BroadcastChannel named after the inbox, so any
 * thread finds it without being introduced. Messages are in the owner's queue when `send()` returns: they survive their
 * sender. They have no order of their own; a record in the lane says when number n of that lane is due.
 *
 * What only Node can clone is refused by a channel of more than two ends. Between threads that were introduced to each other there is
 * something better, transfer-port.ts; to others the owner offers a channel of their own once something has come from them: private-channel.ts.
 */
import { BroadcastChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { afresh } from '../afresh.js';
import { InternalError } from '@ringloop/core';
import { offeredChannel } from '../memory/private-channel.js';

interface BroadcastMessage {
  readonly producer: number;
  readonly number: number;
  readonly value: unknown;
}

const channelName = (inboxId: string): string => `ringloop:${inboxId}`;
const privateChannelName = (inboxId: string, number: number): string => `${channelName(inboxId)}/${number}`;

/** How long an end of the common channel stays open for the offer of another, in ms, and how often that is looked for. Arbitrary. */
const LOOK_EVERY_MS = 50;
const MOST_LOOKS = 20;

/** Messages of this thread, to whichever inbox: it may leave a lane and take another, and no number must mean two messages. */
let sent = 0;

/** The sending end, one a lane. */
export class BroadcastSender {
  readonly #inboxId: string;
  readonly #producer: number;
  readonly #header: Int32Array | null;
  #common: BroadcastChannel | null = null;
  #private: BroadcastChannel | null = null;

  /** @param header of the lane's first ring, where the owner may offer a channel; null: it will not */
  constructor(inboxId: string, producer: number, header: Int32Array | null = null) {
    this.#inboxId = inboxId;
    this.#producer = producer;
    this.#header = header;
  }

  /** Sends a structured clone and returns its number. Throws what structured clone throws. */
  readonly send = (value: unknown): number => {
    const number = (sent + 1) | 0; // it is a word of the record
    const message: BroadcastMessage = { producer: this.#producer, number, value };
    this.#channel().postMessage(message);
    sent = number;
    return number;
  };

  /** Nothing more is sent. */
  close(): void {
    this.#common?.close();
    this.#private?.close();
    this.#common = this.#private = null;
  }

  #channel(): BroadcastChannel {
    if (this.#private !== null) return this.#private;
    const number = this.#header === null ? 0 : offeredChannel(this.#header);
    if (number === 0) return this.#common ?? afresh(() => this.#openCommon());
    this.#closeCommon();
    this.#private = openUnheld(privateChannelName(this.#inboxId, number));
    return this.#private;
  }

  /**
   * For some time only: an idle end would be given a copy of everything that others send. But not for one message: until the turn after
   * next Node counts an end that was closed among the receivers, so that each message would take longer than the one before.
   */
  #openCommon(): BroadcastChannel {
    const channel = openUnheld(channelName(this.#inboxId));
    this.#common = channel;
    let looks = 0;
    const timer = setInterval(() => {
      const isOffered = this.#header !== null && offeredChannel(this.#header) !== 0;
      if (!isOffered && ++looks < MOST_LOOKS && this.#common === channel) return;
      clearInterval(timer);
      if (this.#common === channel) this.#closeCommon();
    }, LOOK_EVERY_MS).unref();
    return channel;
  }

  #closeCommon(): void {
    this.#common?.close();
    this.#common = null;
  }
}

/** The owner's end. */
export class BroadcastReceiver {
  readonly #inboxId: string;
  readonly #common: BroadcastChannel;
  /** By lane. */
  readonly #private = new Map<number, BroadcastChannel>();
  #offered = 0;
  readonly #arrived = new Map<number, Map<number, unknown>>();

  constructor(inboxId: string) {
    this.#inboxId = inboxId;
    this.#common = this.#listen(channelName(inboxId));
  }

  /** The number of the next channel for one lane alone. */
  nextNumber(): number {
    return ++this.#offered;
  }

  /** Whether the lane has a channel of its own. */
  hasPrivate(lane: number): boolean {
    return this.#private.has(lane);
  }

  /** Listens to the lane's own channel. */
  openPrivate(lane: number, number: number): void {
    this.#private.set(lane, this.#listen(privateChannelName(this.#inboxId, number)));
  }

  /** The lane was left, and read to its end. */
  closePrivate(lane: number): void {
    this.#private.get(lane)?.close();
    this.#private.delete(lane);
  }

  /** Takes message `number` of `producer`; it was sent before the record that asks for it was published. */
  take(producer: number, number: number): unknown {
    const messages = this.#of(producer);
    while (!messages.has(number)) {
      if (!this.#receive()) {
        throw new InternalError(`Broadcast channel lost message ${number} of producer ${producer}`);
      }
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
    this.#common.close();
    for (const channel of this.#private.values()) channel.close();
    this.#private.clear();
    this.#arrived.clear();
  }

  /** One message of each channel. False: there is none. */
  #receive(): boolean {
    let found = false;
    for (const channel of [this.#common, ...this.#private.values()]) {
      const received = receive(channel);
      if (received === undefined) continue;
      found = true;
      this.#put(received.message);
    }
    return found;
  }

  #listen(name: string): BroadcastChannel {
    const channel = openUnheld(name);
    channel.onmessage = (event) => this.#put((event as { data: BroadcastMessage }).data); // only our senders know the name
    return channel;
  }

  #put({ producer, number, value }: BroadcastMessage): void {
    this.#of(producer).set(number, value);
  }

  #of(producer: number): Map<number, unknown> {
    const messages = this.#arrived.get(producer) ?? new Map<number, unknown>();
    this.#arrived.set(producer, messages);
    return messages;
  }
}

/** It keeps no process alive. */
function openUnheld(name: string): BroadcastChannel {
  const channel = afresh(() => new BroadcastChannel(name));
  channel.unref();
  return channel;
}

/** Node takes channels here as well as ports; its types do not say so on 20. Only our senders know the name. */
function receive(channel: BroadcastChannel): { message: BroadcastMessage } | undefined {
  return receiveMessageOnPort(channel as unknown as MessagePort);
}
