/**
 * The broadcast channel of an inbox, for values that cannot be written into a ring. It is a BroadcastChannel named
 * after the inbox, so any thread finds it without an introduction. Messages are in the owner's queue when `send()`
 * returns, so they survive their sender. They are not ordered by themselves: a record in the lane says when message
 * number n of that lane is due.
 *
 * A channel with more than two ends refuses what only Node can clone. Threads that were introduced to each other use
 * transfer-port.ts instead. To other threads the owner offers a private channel once something has come from them:
 * private-channel.ts.
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

/**
 * How often, in ms, and how many times an end of the common channel looks for the offer of a private one before it
 * closes. Arbitrary.
 */
const LOOK_EVERY_MS = 50;
const MOST_LOOKS = 20;

/**
 * Counts this thread's messages to all inboxes together: a thread may leave a lane and take another, and a number must
 * not be used twice.
 */
let sent = 0;

/** The sending end, one for each lane. */
export class BroadcastSender {
  readonly #inboxId: string;
  readonly #producer: number;
  readonly #header: Int32Array | null;
  #common: BroadcastChannel | null = null;
  #private: BroadcastChannel | null = null;

  /**
   * @param header the header of the lane's first ring, where the owner may offer a private channel; null: it will not
   */
  constructor(inboxId: string, producer: number, header: Int32Array | null = null) {
    this.#inboxId = inboxId;
    this.#producer = producer;
    this.#header = header;
  }

  /** Sends a structured clone and returns its message number. Throws what structured clone throws. */
  readonly send = (value: unknown): number => {
    const number = (sent + 1) | 0; // it must fit a word of the record
    const message: BroadcastMessage = { producer: this.#producer, number, value };
    this.#channel().postMessage(message);
    sent = number;
    return number;
  };

  /** Closes the channels: nothing more will be sent. */
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
   * Opens the common channel for some time. Not for ever, because an idle end gets a copy of everything that others
   * send. But not for one message only: Node counts a closed end among the receivers until the turn after next, so each
   * message would take longer than the one before.
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

/** The receiving end, of the owner. */
export class BroadcastReceiver {
  readonly #inboxId: string;
  readonly #common: BroadcastChannel;
  /** The private channels, by lane. */
  readonly #private = new Map<number, BroadcastChannel>();
  #offered = 0;
  readonly #arrived = new Map<number, Map<number, unknown>>();

  constructor(inboxId: string) {
    this.#inboxId = inboxId;
    this.#common = this.#listen(channelName(inboxId));
  }

  /** Returns a number for the next private channel. */
  nextNumber(): number {
    return ++this.#offered;
  }

  /** Whether the lane has a private channel. */
  hasPrivate(lane: number): boolean {
    return this.#private.has(lane);
  }

  /** Listens to the private channel of the lane. */
  openPrivate(lane: number, number: number): void {
    this.#private.set(lane, this.#listen(privateChannelName(this.#inboxId, number)));
  }

  /** Closes the private channel of a lane that was left and read to its end. */
  closePrivate(lane: number): void {
    this.#private.get(lane)?.close();
    this.#private.delete(lane);
  }

  /** Takes message `number` of `producer`, which was sent before the record that asks for it was published. */
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

  /** Drops the messages of a producer that is gone: those that are left belong to records that it never published. */
  forget(producer: number): void {
    this.#arrived.delete(producer);
  }

  close(): void {
    this.#common.close();
    for (const channel of this.#private.values()) channel.close();
    this.#private.clear();
    this.#arrived.clear();
  }

  /** Receives one message of each channel. False: there is none. */
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
    // Trust the data: only our senders know the name of the channel.
    channel.onmessage = (event) => this.#put((event as { data: BroadcastMessage }).data);
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

/** Opens a channel that does not keep the process alive. */
function openUnheld(name: string): BroadcastChannel {
  const channel = afresh(() => new BroadcastChannel(name));
  channel.unref();
  return channel;
}

/** Node accepts channels here as well as ports; on Node 20 its types do not say so. Only our senders know the name. */
function receive(channel: BroadcastChannel): { message: BroadcastMessage } | undefined {
  return receiveMessageOnPort(channel as unknown as MessagePort);
}
