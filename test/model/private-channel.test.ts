/** The offer of a channel (threadsafe/src/memory/private-channel.ts) under the explorer: nothing is sent where nobody listens. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  CHANNEL_NAMES,
  type ChannelBuffers,
  makeChannels,
  type OwnerInput,
  type Sent,
} from './private-channel-programs.js';

const MODULE = new URL('./private-channel-programs.js', import.meta.url);

const setting = (owner: OwnerInput): Exploration<ChannelBuffers> => ({
  threads: [
    { name: 'producer', module: MODULE, program: 'send', input: {} },
    { name: 'owner', module: MODULE, program: 'offer', input: owner },
  ],
  setup: makeChannels,
  names: CHANNEL_NAMES,
  plainSteps: true,
  preemptions: 3,
  check: (_, { results }: Outcome) => {
    const { common, own, lost } = results.producer as Sent;
    expect([common + own, lost], 'heard and lost').to.deep.equal([3, 0]);
  },
});

describe('model/private-channel', () => {
  it('offerChannel() lets nobody send before the other side listens, in every schedule', async () => {
    expect((await explore(setting({}))).schedules).to.be.at.least(4);
  });

  it('offerChannel() that announces the channel before it listens would be caught', async () => {
    expect((await failureOf(setting({ saysFirst: true }))).message).to.match(/^heard and lost: expected/);
  });
});
