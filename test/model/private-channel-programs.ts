/** A lane whose owner offers its producer a channel, and one that says so too early. What is sent where nobody listens is lost. */
import { PRIVATE_CHANNEL, offerChannel, offeredChannel } from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

export interface ChannelBuffers {
  readonly header: SharedArrayBuffer;
  /** Plain words, by channel: whether somebody listens. */
  readonly listening: SharedArrayBuffer;
}

export const makeChannels = (): ChannelBuffers => ({
  header: new SharedArrayBuffer(128),
  listening: new SharedArrayBuffer(4 * 4),
});

export const CHANNEL_NAMES = { [PRIVATE_CHANNEL]: 'OWN_CHANNEL' };

const NUMBER = 3;

export interface OwnerInput {
  readonly saysFirst?: boolean;
}

export function offer({ header, listening }: ChannelBuffers, { atomics, input }: ModelThread): void {
  const listen = (number: number): void => {
    new Int32Array(listening)[number] = 1;
  };
  if ((input as OwnerInput).saysFirst !== true) offerChannel(new Int32Array(header), NUMBER, listen);
  else {
    atomics.store(new Int32Array(header), PRIVATE_CHANNEL, NUMBER);
    listen(NUMBER);
  }
}

export interface Sent {
  readonly common: number;
  readonly own: number;
  readonly lost: number;
}

/** Sends three messages, each by the channel that there is then. */
export function send({ header, listening }: ChannelBuffers): Sent {
  let [common, own, lost] = [0, 0, 0];
  for (let n = 0; n < 3; n++) {
    const number = offeredChannel(new Int32Array(header));
    if (number === 0) common++;
    else if (new Int32Array(listening)[number] === 1) own++;
    else lost++;
  }
  return { common, own, lost };
}
