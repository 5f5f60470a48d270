/** What a loop and the main thread share about signals (threadsafe/src/signals/signal-memory.ts) under the explorer. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  type AskerInput,
  type HandlerInput,
  makeSignals,
  type ReplierInput,
  SIGNAL_NAMES,
  type SignalBuffers,
} from './signal-memory-programs.js';

const MODULE = new URL('./signal-memory-programs.js', import.meta.url);

const common = { setup: makeSignals, names: SIGNAL_NAMES };

const delivery = (loop: HandlerInput): Exploration<SignalBuffers> => ({
  threads: [
    { name: 'main', module: MODULE, program: 'passOn', input: {} },
    { name: 'loop', module: MODULE, program: 'handleSignals', input: loop },
  ],
  ...common,
  preemptions: 4,
  check: (_, { results }: Outcome) => {
    expect(results.main, 'calls').to.be.within(1, 3);
  },
});

const requests = (loop: AskerInput, main: ReplierInput = {}): Exploration<SignalBuffers> => ({
  threads: [
    { name: 'main', module: MODULE, program: 'reply', input: main },
    { name: 'loop', module: MODULE, program: 'ask', input: loop },
  ],
  ...common,
  preemptions: 3,
  earlyTimeouts: loop.timed === true,
  check: (_, { results }: Outcome) => {
    const [first, second] = results.loop as (number | null)[];
    expect(loop.timed === true ? [22, null] : [22], 'first reply').to.include(first ?? null);
    expect(second, 'second reply').to.equal(12);
  },
});

describe('model/signal-memory', function () {
  this.slow(4000);

  it('SignalMemory loses no signal: the handler runs after the last one', async () => {
    expect((await explore(delivery({}))).schedules).to.be.at.least(1200);
  });

  it('SignalMemory whose loop clears the word after the handler would lose signals, and be caught', async () => {
    const failure = await failureOf(delivery({ clearsLate: true }));
    expect(failure.message).to.match(/loop/);
  });

  it('SignalMemory.waitForReply() hears what was replied to its request', async () => {
    expect((await explore(requests({}))).schedules).to.be.at.least(450);
  });

  it('SignalMemory.waitForReply() that gave up once takes no late reply for the next one', async () => {
    expect((await explore(requests({ timed: true }))).schedules).to.be.at.least(1000);
  });

  it('SignalMemory.reply() that replies before it says what would be caught', async () => {
    expect((await failureOf(requests({}, { repliesFirst: true }))).message).to.match(/reply: expected/);
  });
});
