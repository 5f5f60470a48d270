import { inspect } from 'node:util';
import { type BaseEventLoop, type Handle } from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop, reportsOf, runOnce } from '../core/virtual-loop.js';

// Cases of HandleTests and TimerTests in CPython's test_events.py (PSF License Version 2). The facts are theirs, the text is ours.

function noop(...args: unknown[]): unknown[] {
  return args;
}

describe('conformance/handles', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop({ debug: false });
  });

  describe('Handle', () => {
    it('HandleTests.test_handle: is cancelled by cancel(), any number of times', () => {
      const handle = loop.callSoon(noop);
      expect(handle.cancelled()).to.equal(false);
      for (let times = 0; times < 2; times++) {
        handle.cancel();
        expect(handle.cancelled()).to.equal(true);
      }
    });

    it('HandleTests.test_callback_with_exception: the report has message, exception, handle and in debug mode where it was created', async () => {
      for (const debug of [true, false]) {
        loop = jumpingLoop({ debug });
        const reports = reportsOf(loop);
        const exception = new RangeError('mine');
        const handle = loop.callSoon(function fails() {
          throw exception;
        });
        await runOnce(loop);
        const { sourceTraceback } = handle;
        expect(typeof sourceTraceback).to.equal(debug ? 'string' : 'undefined');
        expect(reports).to.deep.equal([
          {
            message: 'Exception in callback fails()',
            exception,
            handle,
            ...(debug ? { sourceTraceback } : {}),
          },
        ]);
      }
    });

    it('HandleTests.test_handle_weakref: can be held weakly', () => {
      const handle = loop.callSoon(noop);
      expect(new WeakRef(handle).deref()).to.equal(handle);
    });

    it('HandleTests.test_handle_repr: shows the call, and nothing of it once it is cancelled', () => {
      const handle = loop.callSoon(noop, 1, 2);
      expect(inspect(handle)).to.equal('<Handle noop(1, 2)>');
      handle.cancel();
      expect(inspect(handle)).to.equal('<Handle cancelled>');
      expect(inspect(loop.callSoon(noop.bind(null, 1, 2), 3))).to.equal('<Handle bound noop(3)>');
    });

    it('HandleTests.test_handle_repr_debug: in debug mode shows where it was created, and the call also when it is cancelled', () => {
      loop.setDebug(true);
      const handle = loop.callSoon(noop, 1, 2);
      expect(inspect(handle)).to.match(
        /^<Handle noop\(1, 2\) created at .*conformance.handles\.test\.(ts|js):\d+:\d+>$/,
      );
      const cancelled =
        /^<Handle cancelled noop\(1, 2\) created at .*conformance.handles\.test\.(ts|js):\d+:\d+>$/;
      for (let times = 0; times < 2; times++) {
        handle.cancel();
        expect(inspect(handle)).to.match(cancelled);
      }
    });

    it('HandleTests.test_handle_source_traceback: its first line is where the call was scheduled', () => {
      loop.setDebug(true);
      function schedules(): Handle[] {
        return [
          loop.callSoon(noop),
          loop.callSoonThreadsafe(noop),
          loop.callLater(0, noop),
          loop.callAt(loop.time(), noop),
        ];
      }
      for (const { sourceTraceback } of schedules()) {
        expect(sourceTraceback).to.match(/^\s+at schedules \(.*conformance.handles\.test\.(ts|js):/);
      }
    });
  });

  describe('TimerHandle', () => {
    it('TimerTests.test_when: tells the time that it was given', () => {
      const when = loop.time() + 12.5;
      expect(loop.callAt(when, noop).when()).to.equal(when);
    });

    it('TimerTests.test_timer: is cancelled by cancel()', async () => {
      const ran: number[] = [];
      const timer = loop.callAt(loop.time(), (...args: number[]) => ran.push(...args), 1, 2, 3);
      expect(timer.cancelled()).to.equal(false);
      timer.cancel();
      expect(timer.cancelled()).to.equal(true);
      await runOnce(loop);
      expect(ran).to.deep.equal([]);
    });

    it('TimerTests.test_timer_repr: shows time and call, and only the time once it is cancelled', () => {
      const timer = loop.callAt(123, noop);
      expect(inspect(timer)).to.equal('<TimerHandle when=123 noop()>');
      timer.cancel();
      expect(inspect(timer)).to.equal('<TimerHandle cancelled when=123>');
    });

    it('TimerTests.test_timer_repr_debug: in debug mode everything, cancelled or not', () => {
      loop.setDebug(true);
      const timer = loop.callAt(123, noop);
      expect(inspect(timer)).to.match(
        /^<TimerHandle when=123 noop\(\) created at .*handles\.test\.(ts|js):\d+:\d+>$/,
      );
      timer.cancel();
      expect(inspect(timer)).to.match(
        /^<TimerHandle cancelled when=123 noop\(\) created at .*handles\.test\.(ts|js):\d+:\d+>$/,
      );
    });
  });
});
