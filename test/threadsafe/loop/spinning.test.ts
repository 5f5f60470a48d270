import { expect } from 'chai';
import { availableParallelism } from 'node:os';
import { LoopGroup } from '@ringloop/threadsafe';
import { LoopInbox, Spinning } from '@ringloop/threadsafe/internal';
import { createLoop, echo, loopWithInbox } from '../fixtures/calls.js';

describe('Spinning', () => {
  let sent: number;
  let looks: number;
  let arrivesAt: number;
  let timesLooked: number;
  const ports = {
    look: (): boolean => ++looks >= arrivesAt,
    callsSent: (): number => sent,
    looked: (): void => {
      timesLooked++;
    },
  };

  beforeEach(() => {
    sent = 0;
    looks = 0;
    arrivesAt = Infinity;
    timesLooked = 0;
  });

  before(function () {
    if (availableParallelism() === 1) this.skip(); // there it never looks
  });

  it('lookAround() returns at once, without a look, unless it was asked to spin', () => {
    const spinning = new Spinning(0, ports);
    spinning.arrived();
    sent = 1;
    expect([spinning.lookAround(true), looks]).to.deep.equal(['over', 0]);
  });

  it('lookAround() ends as soon as something arrives, and says that it has looked', () => {
    const spinning = new Spinning(60, ports);
    sent = 1;
    arrivesAt = 3;
    expect([spinning.lookAround(true), looks, timesLooked]).to.deep.equal(['signalled', 3, 1]);
  });

  it('lookAround() ends after a moment when nothing arrives, and stays awake', () => {
    const spinning = new Spinning(60, ports);
    spinning.arrived();
    expect([spinning.lookAround(true), timesLooked]).to.deep.equal(['awake', 1]);
  });

  it('lookAround() does not delay promise reactions: it returns at once, and stays awake', () => {
    const spinning = new Spinning(60, ports);
    spinning.arrived();
    expect([spinning.lookAround(false), looks]).to.deep.equal(['awake', 0]);
  });

  it('lookAround() with `spin` looks for so long after each call in either direction, and then sleeps', () => {
    const spinning = new Spinning(0.005, ports);
    expect(spinning.lookAround(true)).to.equal('over');
    for (const call of [
      (): void => spinning.arrived(),
      (): void => {
        sent++;
      },
    ]) {
      call();
      const started = performance.now();
      while (spinning.lookAround(true) !== 'over');
      expect(performance.now() - started).to.be.at.least(4.9);
    }
  });

  it('spin of a group and of a loop changes nothing but the time', async () => {
    await using group = await LoopGroup.spawn({ loops: 2, spin: 0.001, loopFactory: createLoop });
    for (let i = 0; i < 100; i++)
      expect(await group.next().runCoroutineThreadsafe(echo, i)).to.deep.equal([i]);
  });

  it('spin that is no time is refused', async () => {
    const { loop } = loopWithInbox();
    const owner = {
      loop,
      addReady: () => undefined,
      putBack: () => undefined,
      mayGoOn: () => true,
      wake: () => undefined,
    };
    expect(() => new LoopInbox(owner, { spin: -1 })).to.throw(
      RangeError,
      'spin must not be negative, got -1',
    );
    expect(() => new LoopInbox(owner, { spin: '1' as never })).to.throw(
      TypeError,
      'spin must be a number of seconds',
    );
    loop.close();
    let thrown: unknown;
    await LoopGroup.spawn({ loops: 1, spin: NaN, loopFactory: createLoop }).catch(
      (reason: unknown) => (thrown = reason),
    );
    expect(thrown).to.be.instanceOf(TypeError);
  });
});
