import { gather, waitFor } from '@ringloop/core';
import { startCoroutine } from '@ringloop/core/internal';
import { StreamFlow } from '@ringloop/net/internal';
import { expect } from 'chai';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { rejection } from '../../rejection.js';

describe('net/stream-flow', () => {
  it('StreamFlow.drain() of ten tasks ends with one resume()', () =>
    // CPython StreamTests.test_multiple_drain
    inLoop(async (loop) => {
      const flow = new StreamFlow(loop);
      flow.pause();
      let drained = 0;
      const drainer = () => async (): Promise<void> => {
        await startCoroutine(flow.drain());
        drained++;
      };
      const all = gather(Array.from({ length: 10 }, drainer));
      await iterations(loop, 3);
      expect(drained).to.equal(0);
      flow.resume();
      await all;
      expect([drained, flow.state]).to.deep.equal([10, 'writing']);
    }));

  it('StreamFlow.drain() of one task is cancelled alone', () =>
    inLoop(async (loop) => {
      const flow = new StreamFlow(loop);
      flow.pause();
      const stays = loop.createTask(() => startCoroutine(flow.drain()));
      await rejection(waitFor(startCoroutine(flow.drain()), 0));
      flow.resume();
      await stays;
    }));

  it('StreamFlow.lost() wakes all with the error, and none with another', () =>
    inLoop(async (loop) => {
      for (const exc of [null, new Error('reset')]) {
        const flow = new StreamFlow(loop);
        flow.pause();
        const waits = [startCoroutine(flow.drain()), startCoroutine(flow.closed())];
        flow.lost(exc);
        const outcomes = await Promise.all(
          waits.map((each) =>
            each.then(
              () => null,
              (thrown: unknown) => thrown,
            ),
          ),
        );
        expect(outcomes).to.deep.equal([exc, exc]);
        expect(await rejection(startCoroutine(flow.drain()))).to.include({
          message: 'Connection lost',
          code: 'ECONNRESET',
          syscall: 'write',
        });
        const closed = startCoroutine(flow.closed());
        expect(
          await closed.then(
            () => null,
            (thrown: unknown) => thrown,
          ),
        ).to.equal(exc);
      }
    }));
});
