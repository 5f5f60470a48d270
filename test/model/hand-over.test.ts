/** Connections in flight (net/src/sockets/hand-over.ts) under the explorer: at each moment one thread has them, whoever is killed. */
import { expect } from 'chai';
import { explore, type Exploration, type Outcome, type ThreadDescription } from './explorer.js';
import { failureOf } from './exploring.js';
import {
  CONNECTION,
  type EndInput,
  type HandOverBuffers,
  makeHandOver,
  OTHER_FILE,
  type ReceiverInput,
  type SenderInput,
  SENDERS,
  USERS,
  WORD_NAMES,
} from './hand-over-programs.js';

const MODULE = new URL('./hand-over-programs.js', import.meta.url);

const sender = (input: SenderInput = {}): ThreadDescription => ({
  name: 'sender',
  module: MODULE,
  program: 'send',
  input,
});

const receiver = (fd: number, more: Partial<ReceiverInput> = {}): ThreadDescription => {
  const input: ReceiverInput = { fd, ...more };
  return { name: `receiver${fd}`, module: MODULE, program: 'receive', input };
};

const afterReceiver = (fd: number, more: Partial<EndInput> = {}): ThreadDescription => {
  const input: EndInput = { fd, ...more };
  return { name: 'hooks', module: MODULE, program: 'afterReceiver', input, startsAfter: `receiver${fd}` };
};

const afterSender: ThreadDescription = {
  name: 'hooks',
  module: MODULE,
  program: 'afterSender',
  startsAfter: 'sender',
};

const setting = (
  threads: ThreadDescription[],
  more: Partial<Exploration<HandOverBuffers>> = {},
): Exploration<HandOverBuffers> => ({
  threads,
  setup: makeHandOver,
  names: WORD_NAMES,
  check: oneHasIt,
  ...more,
});

/** The numbers of the connection, and the bits of those who use it. */
function holders({ files, notes }: HandOverBuffers): { open: number[]; users: number } {
  const open = [...new Int32Array(files)].flatMap((file, fd) => (file === CONNECTION ? [fd] : []));
  return { open, users: new Int32Array(notes)[USERS]! };
}

/** All live: one thread uses the connection, and has the only descriptor of it. */
function oneHasIt(buffers: HandOverBuffers): void {
  const { open, users } = holders(buffers);
  expect(open, 'open descriptors').to.have.length(1);
  expect(users, 'who uses it').to.equal(1 << open[0]!);
}

/** The receiver has ended: its sender has the connection, or it was taken and is closed. */
function senderHasItOrItIsClosed(buffers: HandOverBuffers, { results }: Outcome): void {
  const { open, users } = holders(buffers);
  const isTaken = results.hooks === 'it was taken';
  expect(open, 'open descriptors').to.deep.equal(isTaken ? [] : [SENDERS]);
  expect(users, 'who uses it').to.equal(isTaken ? 0 : 1 << SENDERS);
}

/** The sender has ended: the receiver has the connection, or it is closed; and the file that got the number is open. */
function receiverHasItOrItIsClosed(buffers: HandOverBuffers, { results }: Outcome): void {
  const { open, users } = holders(buffers);
  const isTaken = results.receiver1 === 'taken';
  expect(open, 'open descriptors').to.deep.equal(isTaken ? [1] : []);
  expect(users, 'who uses it').to.equal(isTaken ? 1 << 1 : 0);
  expect([...new Int32Array(buffers.files)]).to.include(OTHER_FILE);
}

const whoeverReceives = { check: senderHasItOrItIsClosed, kill: ['receiver1'] };
const whoeverSends = { check: receiverHasItOrItIsClosed, kill: ['sender'] };

describe('model/hand-over', () => {
  it('take() of what is offered: in every schedule', async () => {
    const { schedules } = await explore(setting([sender(), receiver(1)]));
    expect(schedules).to.be.at.least(180);
  });

  it('take() by two threads: one gets it', async () => {
    const { schedules } = await explore(setting([sender(), receiver(1), receiver(2)], { preemptions: 2 }));
    expect(schedules).to.be.at.least(1_900);
  });

  it('refuse() by one thread while another one takes', async () => {
    const threads = [sender(), receiver(1, { refuses: true }), receiver(2)];
    const { schedules } = await explore(setting(threads, { preemptions: 3 }));
    expect(schedules).to.be.at.least(2_700);
  });

  it('tryWithdraw() at any moment', async () => {
    const { schedules } = await explore(setting([sender({ withdraws: true }), receiver(1)]));
    expect(schedules).to.be.at.least(3_300);
    const both = [sender({ withdraws: true }), receiver(1), receiver(2)];
    expect((await explore(setting(both, { preemptions: 2 }))).schedules).to.be.at.least(1_300);
  });

  it('a receiver that is killed loses nothing that it had not taken', async () => {
    const { kills } = await explore(
      setting([sender(), receiver(1), afterReceiver(1)], { preemptions: 3, ...whoeverReceives }),
    );
    expect(kills).to.be.at.least(1_000);
    const refusing = [sender(), receiver(1, { refuses: true }), afterReceiver(1)];
    expect((await explore(setting(refusing, { preemptions: 3, ...whoeverReceives }))).kills).to.be.at.least(
      110,
    );
  });

  it('a sender that is killed takes no other file with it, and leaves none open', async () => {
    for (const [withdraws, least] of [
      [false, 780],
      [true, 2_000],
    ] as const) {
      const threads = [sender({ withdraws }), receiver(1), afterSender];
      const { kills } = await explore(setting(threads, { preemptions: 3, ...whoeverSends }));
      expect(kills).to.be.at.least(least);
    }
  });

  describe('explore() finds what is wrong with', () => {
    it('a sender that closes without an answer', async () => {
      const threads = [sender({ wrong: 'closes without an answer' }), receiver(1)];
      expect((await failureOf(setting(threads))).message).to.match(/^open descriptors: expected/);
    });

    it('a receiver that takes and then duplicates', async () => {
      const threads = [sender(), receiver(1, { wrong: 'takes and then duplicates' })];
      expect((await failureOf(setting(threads))).message).to.match(/^open descriptors: expected/);
    });

    it('a receiver that takes by load and store', async () => {
      const threads = [sender({ withdraws: true }), receiver(1, { wrong: 'takes by store' })];
      expect((await failureOf(setting(threads))).message).to.contain('Two threads have the connection');
    });

    it('a sender that withdraws by load and store', async () => {
      const threads = [sender({ withdraws: true, wrong: 'withdraws by store' }), receiver(1)];
      expect((await failureOf(setting(threads))).message).to.contain('Two threads have the connection');
    });

    it('a receiver that keeps its duplicate of what it does not get', async () => {
      const threads = [sender({ withdraws: true }), receiver(1, { wrong: 'keeps its duplicate' })];
      expect((await failureOf(setting(threads))).message).to.match(/^open descriptors: expected/);
    });

    it('a receiver that trusts the number, or looks only before it duplicates', async () => {
      for (const wrong of ['by number', 'looks before only'] as const) {
        const threads = [sender(), receiver(1, { wrong }), afterSender];
        const { message } = await failureOf(setting(threads, { preemptions: 3, ...whoeverSends }));
        expect(message).to.contain('It has taken another file');
      }
    });

    it('a withdrawal that wakes nobody, where the receiver was killed as it answered', async () => {
      const threads = [sender(), receiver(1), afterReceiver(1, { wrong: 'wakes nobody' })];
      const { message } = await failureOf(setting(threads, { preemptions: 3, ...whoeverReceives }));
      expect(message).to.match(/^Deadlock/);
    });
  });
});
