import { expect } from 'chai';
import { LoopGroup, type LoopExit, PeerExitedError } from '@ringloop/threadsafe';
import { createLoop, doze } from '../fixtures/calls.js';
import { dieOf, setupOfStaticName, strangeErrors } from '../fixtures/strange-errors.js';
import { rejection } from '../../rejection.js';

describe('dieReadably()', function () {
  this.slow(1000);

  for (const [what, make] of Object.entries(strangeErrors)) {
    it(`dieReadably() lets the spawner live, and sends it the error: ${what}`, async () => {
      const [, message] = make();
      const exits: LoopExit[] = [];
      const onExit = (exit: LoopExit): number => exits.push(exit);
      await using group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop, onExit });
      const ref = group.next();
      const pending = rejection(ref.runCoroutineThreadsafe(doze, 60));
      ref.callSoonThreadsafe(dieOf, what);
      expect(await pending).to.be.instanceOf(PeerExitedError);
      await new Promise(setImmediate);
      expect(exits.map(({ exitCode }) => exitCode)).to.deep.equal([1]);
      expect(exits[0]?.error?.message).to.include(message);
    });
  }

  it('LoopGroup.spawn() rejects with what a setup has thrown, whatever it is', async () => {
    const spawning = LoopGroup.spawn({ loops: 1, loopFactory: createLoop, setup: setupOfStaticName });
    expect(await rejection(spawning)).to.have.property('message', 's');
  });
});
