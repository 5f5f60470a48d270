import { inspect } from 'node:util';
import { setImmediate as immediate } from 'node:timers/promises';
import {
  BaseEventLoop,
  KeyboardInterrupt,
  LoopStateError,
  SystemExit,
  type TimerHandle,
  VirtualHost,
} from '@ringloop/core';
import {
  END_RUN,
  type Inbox,
  type InboxOwner,
  isStopFunction,
  promiseWithResolvers,
  RUN,
} from '@ringloop/core/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { CountingHost } from './counting-host.js';
import { FakeExecutor } from './fake-executor.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

/** A loop that is handed I/O events by the test. */
class PolledLoop extends BaseEventLoop {
  polls = 0;
  events: (() => void)[] = [];
  failure: Error | null = null;

  wake(): void {
    this.eventsReady();
  }

  protected override started(): void {
    if (this.failure !== null) throw this.failure;
  }

  protected override pollEvents(): void {
    this.polls++;
    for (const event of this.events.splice(0)) this.addReady({ [RUN]: event });
  }
}

describe('core/event-loop', () => {
  let host: VirtualHost;
  let loop: BaseEventLoop;
  let ran: string[];
  const note = (what: string): void => void ran.push(what);

  /** What the next run prints, and the one after it. */
  async function twoRuns(): Promise<string[][]> {
    await loop.runForever();
    const first = ran.splice(0);
    await runOnce(loop);
    return [first, ran];
  }

  beforeEach(() => {
    host = new VirtualHost({ startAt: 100 });
    loop = new BaseEventLoop({ host });
    ran = [];
  });

  // The scripts of CPython 3.4.3, whose words the specification has; 3.4.4 and later finish the batch instead.
  describe('stop() is a barrier', () => {
    it('stop() before runForever() lets run what was scheduled before it', async () => {
      loop.callSoon(note, 'A');
      loop.stop();
      loop.callSoon(note, 'B');
      expect(await twoRuns()).to.deep.equal([['A'], ['B']]);
    });

    it('stop() in a callback lets run what the callback scheduled before it', async () => {
      loop.callSoon(() => {
        ran.push('X');
        loop.callSoon(note, 'W');
        loop.stop();
        loop.callSoon(note, 'Z');
      });
      loop.callSoon(note, 'Y');
      expect(await twoRuns()).to.deep.equal([['X', 'Y', 'W'], ['Z']]);
    });

    it('stop() lets run what an earlier callback of its batch scheduled', async () => {
      loop.callSoon(() => loop.callSoon(note, 'N'));
      loop.callSoon(() => loop.stop());
      expect(await twoRuns()).to.deep.equal([['N'], []]);
    });

    it('stop() holds back what is scheduled after it', async () => {
      loop.callSoon(() => {
        ran.push('X');
        loop.stop();
        loop.callSoon(note, 'Z');
      });
      loop.callSoon(note, 'Y');
      expect(await twoRuns()).to.deep.equal([['X', 'Y'], ['Z']]);
    });

    it('stop() ends a callback that schedules itself first', async () => {
      const again = (): void => {
        ran.push('again');
        loop.callSoon(again);
        loop.stop();
      };
      loop.callSoon(again);
      await loop.runForever();
      expect(ran).to.deep.equal(['again', 'again']);
    });

    it('stop() changes nothing when it was called before', async () => {
      loop.callSoon(note, 'A');
      loop.stop();
      loop.callSoon(note, 'B');
      loop.stop();
      expect(await twoRuns()).to.deep.equal([['A'], ['B']]);
    });

    it('stop() holds timers back that fall due after it', async () => {
      loop.callSoon(() => {
        loop.callLater(0, note, 'timer');
        loop.callSoon(note, 'soon');
        loop.stop();
      });
      expect(await twoRuns()).to.deep.equal([['soon'], ['timer']]);
    });

    // CPython BaseEventLoopTests.test_run_forever_pre_stopped
    it('stop() before runForever() gives one iteration, which polls once', async () => {
      const polled = new PolledLoop({ host });
      polled.stop();
      await polled.runForever();
      expect(polled.polls).to.equal(1);
    });

    // CPython test_single_selecter_event_callback_after_stopping
    it('stop() does not poll again while the rest runs', async () => {
      const polled = new PolledLoop({ host });
      polled.callSoon(() => {
        polled.callSoon(note, 'rest');
        polled.stop();
        polled.events.push(() => ran.push('event'));
      });
      await polled.runForever();
      expect([...ran, polled.polls]).to.deep.equal(['rest', 1]);
      await runOnce(polled);
      expect(ran).to.deep.equal(['rest', 'event']);
    });

    it('stop() in a promise reaction of the last batch ends the run', async () => {
      for (const stopMode of ['barrier', 'batch'] as const) {
        const real = new BaseEventLoop({ stopMode });
        const { promise, resolve } = promiseWithResolvers<undefined>();
        void promise.then(() => real.stop());
        real.callSoon(resolve, undefined);
        await real.runForever();
        real.close();
      }
    });

    it('stop() wakes a sleeping loop', async () => {
      const running = loop.runForever();
      host.advance(0);
      loop.stop();
      await running;
      expect(loop.isRunning()).to.equal(false);
    });

    it('stop() can be called without its loop', async () => {
      loop.callSoon(loop.stop);
      await loop.runForever();
      expect(loop.isRunning()).to.equal(false);
    });
  });

  // CPython 3.4.4 and later: the other column of the table.
  describe("stop() with stopMode 'batch'", () => {
    beforeEach(() => {
      loop = new BaseEventLoop({ host, stopMode: 'batch' });
    });

    it('stop() before runForever() gives one iteration, with what is scheduled after it', async () => {
      loop.callSoon(note, 'A');
      loop.stop();
      loop.callSoon(note, 'B');
      expect(await twoRuns()).to.deep.equal([['A', 'B'], []]);
    });

    it('stop() in a callback finishes the batch and leaves what the batch schedules', async () => {
      loop.callSoon(() => {
        ran.push('X');
        loop.callSoon(note, 'W');
        loop.stop();
        loop.callSoon(note, 'Z');
      });
      loop.callSoon(note, 'Y');
      expect(await twoRuns()).to.deep.equal([
        ['X', 'Y'],
        ['W', 'Z'],
      ]);
    });

    it('stop() leaves what an earlier callback of its batch scheduled', async () => {
      loop.callSoon(() => loop.callSoon(note, 'N'));
      loop.callSoon(() => loop.stop());
      expect(await twoRuns()).to.deep.equal([[], ['N']]);
    });

    it('stop() wakes a sleeping loop', async () => {
      const running = loop.runForever();
      host.advance(0);
      loop.stop();
      await running;
      expect(loop.isRunning()).to.equal(false);
    });

    it('stopMode that is none is refused', () => {
      for (const stopMode of ['seed', '', null, 5]) {
        if (stopMode === null)
          expect(() => new BaseEventLoop({ host, stopMode: stopMode as never })).not.to.throw();
        else {
          expect(() => new BaseEventLoop({ host, stopMode: stopMode as never }))
            .to.throw(TypeError, `stopMode must be 'barrier' or 'batch', got ${inspect(stopMode)}`)
            .with.property('code', 'ERR_INVALID_ARG_VALUE');
        }
      }
    });
  });

  describe('An iteration', () => {
    // Printed by CPython 3.12.1.
    it('runForever() runs earlier calls, then due timers by time', async () => {
      const now = loop.time();
      loop.callAt(now - 1, note, 'timer-1');
      loop.callAt(now - 2, note, 'timer-2');
      loop.callSoon(note, 'soon');
      loop.callLater(0, note, 'later0');
      await runOnce(loop);
      expect(ran).to.deep.equal(['soon', 'timer-2', 'timer-1', 'later0']);
    });

    // Printed by CPython 3.12.1.
    it('callLater(0) in a callback runs after the callSoon() that follows it', async () => {
      loop.callSoon(() => {
        loop.callLater(0, note, 'a');
        loop.callSoon(note, 'b');
      });
      await runOnce(loop);
      await runOnce(loop);
      expect(ran).to.deep.equal(['b', 'a']);
    });

    it('runForever() runs earlier calls, then events, then timers', async () => {
      const polled = new PolledLoop({ host });
      polled.callLater(0, note, 'timer');
      polled.events.push(() => ran.push('event'));
      polled.callSoon(note, 'soon');
      await runOnce(polled);
      expect(ran).to.deep.equal(['soon', 'event', 'timer']);
    });

    it('runForever() leaves newcomers for the next iteration, after promise reactions', async () => {
      loop.callSoon(() => {
        ran.push('1a');
        loop.callSoon(note, '2');
        void Promise.resolve().then(() => ran.push('reaction'));
      });
      loop.callSoon(note, '1b');
      loop.callSoon(() => loop.stop());
      await loop.runForever();
      expect(ran).to.deep.equal(['1a', '1b', 'reaction', '2']);
    });

    // CPython BaseEventLoopTests.test__run_once_schedule_handle
    it('runForever() runs what a due timer schedules in the iteration after', async () => {
      const counting = new CountingHost(host);
      loop = new BaseEventLoop({ host: counting });
      loop.callAt(99, () => loop.callSoon(() => ran.push(`turn ${counting.turns}`)));
      const running = loop.runForever();
      host.advance(0);
      loop.stop();
      await running;
      expect(ran).to.deep.equal(['turn 2']);
    });

    it('runForever() takes no turn while there is nothing to do', async () => {
      const counting = new CountingHost(host);
      loop = new BaseEventLoop({ host: counting });
      loop.callSoon(note, 'A');
      const running = loop.runForever();
      host.advance(3600);
      await immediate();
      expect([counting.turns, ...counting.sleeps, ...ran]).to.deep.equal([1, Infinity, 'A']);
      loop.callSoon(note, 'B');
      host.advance(3600);
      expect([counting.turns, ...ran]).to.deep.equal([2, 'A', 'B']);
      loop.stop();
      await running;
    });

    it('runForever() rejects and stays idle when the loop cannot start', async () => {
      const polled = new PolledLoop({ host });
      polled.failure = new Error('no selector');
      expect(await rejection(polled.runForever())).to.equal(polled.failure);
      expect(polled.isRunning()).to.equal(false);
      await runOnce(loop);
    });
  });

  describe('callSoon()', () => {
    // CPython EventLoopTests.test_call_soon
    it('callSoon() passes its arguments', async () => {
      loop.callSoon((...args: string[]) => ran.push(...args), 'hello', 'world');
      await runOnce(loop);
      expect(ran).to.deep.equal(['hello', 'world']);
    });

    // uvloop test_call_soon_1
    it('callSoon() finishes the batch in which stop() is called, without what was cancelled', async () => {
      const calls: number[] = [];
      const call = (value: number): void => {
        calls.push(value);
        loop.stop();
      };
      loop.callSoon(call, 10);
      loop.callSoon(call, 100).cancel();
      loop.callSoon(call, 1);
      await loop.runForever();
      expect(calls).to.deep.equal([10, 1]);
    });

    it('callSoon() wakes a sleeping loop', async () => {
      const running = loop.runForever();
      await immediate();
      await immediate();
      loop.callSoon(note, 'awake');
      await immediate();
      expect(ran).to.deep.equal(['awake']);
      loop.stop();
      await running;
    });

    it('callSoon() refuses what is no function and what is a coroutine', () => {
      expect(() => loop.callSoon(5 as never)).to.throw(
        TypeError,
        'a callable object was expected by callSoon(), got 5',
      );
      expect(() => loop.callSoon(async () => await immediate())).to.throw(
        TypeError,
        'coroutines cannot be used with callSoon()',
      );
    });

    // CPython EventLoopTests.test_call_soon_threadsafe_same_thread
    it('callSoonThreadsafe() and callSoon() run in the order called', async () => {
      loop.callSoonThreadsafe(note, 'hello');
      loop.callSoon(note, 'world');
      await runOnce(loop);
      expect(ran).to.deep.equal(['hello', 'world']);
    });
  });

  describe('Errors that end the loop', () => {
    // uvloop test_call_soon_base_exc
    for (const error of [new KeyboardInterrupt('^C'), new SystemExit(3)]) {
      it(`runForever() rejects with ${error.name} and keeps what is queued for the next run`, async () => {
        const reports = reportsOf(loop);
        loop.callSoon(note, 'before');
        loop.callSoon(() => {
          throw error;
        });
        loop.callSoon(note, 'after');
        expect(await rejection(loop.runForever())).to.equal(error);
        expect([ran, loop.isRunning(), loop.isClosed()]).to.deep.equal([['before'], false, false]);
        await runOnce(loop);
        expect([ran, reports]).to.deep.equal([['before', 'after'], []]);
      });
    }

    it('runForever() that is ended between its iterations does not fall asleep', async () => {
      loop = new BaseEventLoop(); // in real time, where reactions come before the rest
      const exit = new SystemExit();
      loop.callSoon(() => queueMicrotask(() => loop[END_RUN](exit)));
      expect(await rejection(loop.runForever())).to.equal(exit);
      loop[END_RUN](exit); // nothing runs any more
      await runOnce(loop);
    });

    it('runForever() forgets an earlier stop() when an error ends it', async () => {
      loop.callSoon(() => {
        loop.stop();
        throw new SystemExit();
      });
      await rejection(loop.runForever());
      const running = loop.runForever();
      host.advance(1);
      expect(loop.isRunning()).to.equal(true);
      loop.stop();
      await running;
    });
  });

  describe('One running loop', () => {
    // CPython RunningLoopTests.test_running_loop_within_a_loop; the outer one must go on (a bug of CPython 3.13.0)
    it('runForever() of another loop is refused, and the running one goes on', async () => {
      const other = new BaseEventLoop({ host: new VirtualHost() });
      let refused: Promise<Error & { code?: string }> | undefined;
      loop.callSoon(() => (refused = rejection(other.runForever())));
      loop.callSoon(() => loop.callSoon(note, 'goes on'));
      loop.callSoon(() => loop.stop());
      await loop.runForever();
      const error = (await refused)!; // set by the first callback
      expect(error).to.be.instanceOf(LoopStateError);
      expect([error.message, error.code]).to.deep.equal([
        'Cannot run the event loop while another loop is running',
        'ERR_OTHER_LOOP_RUNNING',
      ]);
      expect(ran).to.deep.equal(['goes on']);
      await runOnce(other);
    });

    it('runForever() of a running loop is refused, and it goes on', async () => {
      const running = loop.runForever();
      const error = await rejection(loop.runForever());
      expect([error.message, error.code]).to.deep.equal([
        'This event loop is already running',
        'ERR_LOOP_RUNNING',
      ]);
      loop.callSoon(note, 'goes on');
      loop.callSoon(() => loop.stop());
      await running;
      expect(ran).to.deep.equal(['goes on']);
    });
  });

  describe('close()', () => {
    // CPython EventLoopTests.test_close_running_event_loop
    it('close() of a running loop is refused', async () => {
      const running = loop.runForever();
      expect(() => loop.close()).to.throw(LoopStateError, 'Cannot close a running event loop');
      loop.stop();
      await running;
      loop.close();
      expect(loop.isClosed()).to.equal(true);
    });

    // CPython EventLoopTests.test_close
    it('close() refuses what would be scheduled from then on, and can be repeated', async () => {
      loop.close();
      loop.close();
      const executor = new FakeExecutor();
      const refused = [
        () => loop.callSoon(note, ''),
        () => loop.callSoonThreadsafe(note, ''),
        () => loop.callLater(1, note, ''),
        () => loop.callAt(1, note, ''),
        () => loop.createTask(() => immediate()),
        () => loop.runInExecutor(executor, note, ''),
        () => loop.runInExecutor(null, note, ''),
      ];
      for (const call of refused) expect(call).to.throw(LoopStateError, 'Event loop is closed');
      for (const run of [loop.runForever(), loop.runUntilComplete(() => immediate())]) {
        expect(await rejection(run)).to.include({
          message: 'Event loop is closed',
          code: 'ERR_LOOP_CLOSED',
        });
      }
      expect(executor.jobs).to.deep.equal([]);
    });

    it('close() keeps what needs no iteration usable', () => {
      const reports = reportsOf(loop);
      loop.close();
      loop.stop();
      loop.setDebug(true);
      const future = loop.createFuture<number>();
      future.setResult(1);
      loop.callExceptionHandler({ message: 'logged' });
      expect([loop.time(), loop.isRunning(), future.result(), reports]).to.deep.equal([
        100,
        false,
        1,
        [{ message: 'logged' }],
      ]);
    });

    it('close() drops what is queued, and its handles can still be cancelled', () => {
      const soon = loop.callSoon(note, 'soon');
      const timer = loop.callLater(1, note, 'timer');
      loop.close();
      host.advance(10);
      expect([ran, soon.cancelled(), timer.cancelled()]).to.deep.equal([[], false, false]);
      soon.cancel();
      timer.cancel();
    });

    it('close() shuts the executor down without waiting', () => {
      const executor = new FakeExecutor();
      loop.setDefaultExecutor(executor);
      loop.close();
      expect(executor.shutdowns).to.deep.equal([{ wait: false }]);
    });
  });

  describe('Timers', () => {
    async function runFor(seconds: number): Promise<void> {
      const running = loop.runForever();
      host.advance(seconds);
      loop.stop();
      await running;
    }

    // CPython EventLoopTests.test_call_later
    it('callLater() passes its arguments, once', async () => {
      loop.callLater(0.1, note, 'A');
      await runFor(10);
      expect(ran).to.deep.equal(['A']);
    });

    // uvloop test_call_later_negative; the order was printed by CPython
    it('callLater() with negative delays is due, the most negative first', async () => {
      loop.callLater(-1, note, 'a');
      loop.callLater(-2, note, 'b');
      loop.callLater(-Infinity, note, 'c');
      await runOnce(loop);
      expect(ran).to.deep.equal(['c', 'b', 'a']);
    });

    it('callAt() runs equal times in the order scheduled', async () => {
      for (const name of '0123456789') loop.callAt(101, note, name);
      await runFor(1);
      expect(ran.join('')).to.equal('0123456789');
    });

    it('callAt() runs at its time of loop.time() and not before', async () => {
      const running = loop.runForever();
      loop.callAt(101, note, 'due');
      host.advance(1 - 1e-9);
      expect(ran).to.deep.equal([]);
      host.advance(1e-9);
      host.advance(1e-9); // 100 + (1 - 1e-9) + 1e-9 need not be 101
      expect(ran).to.deep.equal(['due']);
      loop.stop();
      await running;
    });

    it('callLater() is cancelled by an earlier timer of the same iteration', async () => {
      loop.callLater(1, () => {
        ran.push('first');
        second.cancel();
      });
      const second: TimerHandle = loop.callLater(1, note, 'second');
      loop.callLater(1, note, 'third');
      await runFor(1);
      expect(ran).to.deep.equal(['first', 'third']);
    });

    // CPython BaseEventLoopTests.test__run_once
    it('runForever() sleeps until the first timer that is not cancelled', async () => {
      const counting = new CountingHost(host);
      loop = new BaseEventLoop({ host: counting });
      loop.callAt(105, note, 'cancelled').cancel();
      loop.callAt(110, note, 'live');
      await runFor(1);
      expect(counting.sleeps).to.deep.equal([110]);
    });

    it('callLater() takes delays above 2³¹ ms and Infinity, and does not spin', async () => {
      const counting = new CountingHost(host);
      loop = new BaseEventLoop({ host: counting });
      const far = loop.callLater(2 ** 31 / 1000 + 1, note, 'far');
      loop.callLater(2 ** 55, note, 'farther');
      const never = loop.callLater(Infinity, note, 'never');
      const running = loop.runForever();
      host.advance(far.when() - 100 - 1);
      expect([ran, counting.turns]).to.deep.equal([[], 1]);
      host.advance(2);
      expect([ran, counting.turns]).to.deep.equal([['far'], 2]);
      never.cancel();
      loop.stop();
      await running;
    });

    it('callAt() from code between iterations wakes a sleeping loop earlier', async () => {
      loop.callAt(200, note, 'late');
      const running = loop.runForever();
      host.advance(0);
      await immediate();
      loop.callAt(150, note, 'early');
      host.advance(60);
      expect(ran).to.deep.equal(['early']);
      loop.stop();
      await running;
    });

    it('callAt() runs the live ones of 10,000 timers in order', async () => {
      const timers = Array.from({ length: 10_000 }, (_, i) => {
        const when = 100 + ((i * 7919) % 1000); // a fixed shuffle with ten timers to a time
        return { i, when, handle: loop.callAt(when, note, String(i)) };
      });
      const live = timers.filter(({ i, handle }) => {
        if ((i * 31) % 7 < 4) handle.cancel();
        return !handle.cancelled();
      });
      await runFor(2000);
      const expected = live.sort((a, b) => a.when - b.when || a.i - b.i).map(({ i }) => String(i));
      expect(ran).to.deep.equal(expected);
    });

    // CPython BaseEventLoopTests.test_call_later and test_time_and_call_at
    it('callLater() and callAt() refuse what is no time', () => {
      expect(() => loop.callLater(null as never, note, '')).to.throw(
        TypeError,
        'delay must be a number of seconds, got null',
      );
      expect(() => loop.callAt(undefined as never, note, '')).to.throw(
        TypeError,
        'when must be a number of seconds, got undefined',
      );
      expect(() => loop.callLater(NaN, note, '')).to.throw(
        TypeError,
        'delay must be a number of seconds, got NaN',
      );
      expect(() => loop.callLater(1, 'spam' as never)).to.throw(TypeError, 'a callable object was expected');
    });

    // uvloop test_now_update
    it('time() goes on within a callback', async () => {
      loop.callSoon(() => {
        const before = loop.time();
        host.advance(0.5);
        ran.push(String(loop.time() - before));
      });
      await runOnce(loop);
      expect(ran).to.deep.equal(['0.5']);
    });
  });

  describe('The inbox', () => {
    class FakeInbox implements Inbox {
      readonly log: string[] = [];
      readonly owner: InboxOwner;
      readonly arrived: string[] = [];
      constructor(owner: InboxOwner) {
        this.owner = owner;
      }
      get signalled(): boolean {
        return this.arrived.length > 0;
      }
      drain(): void {
        for (const call of this.arrived.splice(0)) this.owner.addReady({ [RUN]: () => this.log.push(call) });
      }
      park(): 'asleep' | 'signalled' | 'awake' {
        return this.arrived.length === 0 ? 'asleep' : 'signalled';
      }
      async seal(): Promise<void> {
        await Promise.resolve();
      }
      close(): void {
        this.log.push('closed');
      }
    }
    let inbox: FakeInbox;

    beforeEach(() => {
      loop = new BaseEventLoop({ host, openInbox: (owner) => (inbox = new FakeInbox(owner)) });
    });

    it('callSoon() lets a call from another thread that came before run before', async () => {
      inbox.arrived.push('theirs');
      loop.callSoon(() => inbox.log.push('ours'));
      await runOnce(loop);
      expect(inbox.log).to.deep.equal(['theirs', 'ours']);
    });

    it('Done callbacks let a call from another thread that came before run before, too', async () => {
      const future = loop.createFuture();
      future.addDoneCallback(() => inbox.log.push('ours'));
      inbox.arrived.push('theirs');
      future.setResult(null);
      await runOnce(loop);
      expect(inbox.log).to.deep.equal(['theirs', 'ours']);
    });

    it('runForever() looks again when a call comes in as it falls asleep', async () => {
      const park = sinon.stub(inbox, 'park').callsFake(() => {
        if (park.callCount > 1) return 'asleep';
        inbox.arrived.push('just in time');
        return 'signalled';
      });
      const running = loop.runForever();
      host.advance(0);
      expect(inbox.log).to.deep.equal(['just in time']);
      loop.stop();
      await running;
    });

    it('park() is told whether the iteration before ran something, and is asked again while it stays awake', async () => {
      const asked: boolean[] = [];
      sinon.stub(inbox as Inbox, 'park').callsFake((isQuiet) => {
        asked.push(isQuiet);
        return asked.length < 3 ? 'awake' : 'asleep';
      });
      loop.callSoon(() => inbox.log.push('ours'));
      const running = loop.runForever();
      host.advance(0);
      expect([asked, inbox.log]).to.deep.equal([[false, true, true], ['ours']]);
      loop.stop();
      await running;
    });

    it('park() of a quiet loop that was signalled is followed by an iteration at once, without a turn of the host', async () => {
      const requestTurn = sinon.spy(host, 'requestTurn');
      let requested = Infinity;
      const park = sinon.stub(inbox, 'park').callsFake(() => {
        if (park.callCount > 1) return 'asleep';
        inbox.arrived.push('theirs');
        requested = requestTurn.callCount;
        return 'signalled';
      });
      const running = loop.runForever();
      host.advance(0);
      expect(park.args).to.deep.equal([[true], [false]]);
      expect([inbox.log, requestTurn.callCount]).to.deep.equal([['theirs'], requested]);
      loop.stop();
      await running;
    });

    it('wake() takes a turn at once while the loop runs, and none while it does not', async () => {
      inbox.arrived.push('A');
      inbox.owner.wake();
      expect(inbox.log).to.deep.equal([]);
      const running = loop.runForever();
      host.advance(0);
      inbox.arrived.push('B');
      inbox.owner.wake();
      expect(inbox.log).to.deep.equal(['A', 'B']);
      loop.stop();
      await running;
    });

    it('putBack() runs an entry again before what is ready', async () => {
      let runs = 0;
      const entry = {
        [RUN]: () => {
          inbox.log.push(`entry ${++runs}`);
          if (runs > 1) return;
          inbox.owner.putBack(entry);
          throw new SystemExit();
        },
      };
      inbox.owner.addReady(entry);
      loop.callSoon(() => inbox.log.push('next'));
      await rejection(loop.runForever());
      await runOnce(loop);
      expect(inbox.log).to.deep.equal(['entry 1', 'entry 2', 'next']);
    });

    it('putBack() of an entry whose share is used up lets timers come before the rest, and nothing else', async () => {
      const share: boolean[] = [];
      const entry = {
        [RUN]: () => {
          share.push(inbox.owner.mayGoOn());
          host.advance(0.003); // longer than calls may take
          const goesOn = inbox.owner.mayGoOn();
          inbox.log.push(`calls, ${goesOn ? 'and on' : 'cut short'}`);
          if (share.length < 3) inbox.owner.putBack(entry);
        },
      };
      loop.callLater(0.001, () => inbox.log.push('timer'));
      inbox.owner.addReady(entry);
      loop.callSoon(() => {
        inbox.log.push('local');
        loop.stop();
      });
      await loop.runForever();
      expect(share).to.deep.equal([true, true, true]); // a share of each iteration
      expect(inbox.log).to.deep.equal([
        'calls, cut short',
        'timer',
        'calls, cut short',
        'calls, cut short',
        'local',
      ]);
    });

    it('close() closes it', () => {
      loop.close();
      expect(inbox.log).to.deep.equal(['closed']);
    });
  });

  describe('The rest', () => {
    it('BaseEventLoop shows its name and state', () => {
      loop = new BaseEventLoop({ host, name: 'main', debug: true });
      expect(inspect(loop)).to.equal('<BaseEventLoop main running=false closed=false debug=true>');
    });

    it('getDebug() is what the environment or setDebug() says', () => {
      process.env.RINGLOOP_DEBUG = '1';
      try {
        loop = jumpingLoop();
      } finally {
        delete process.env.RINGLOOP_DEBUG;
      }
      expect([loop.getDebug(), jumpingLoop().getDebug()]).to.deep.equal([true, false]);
      loop.setDebug(false);
      expect(loop.getDebug()).to.equal(false);
    });

    it('debug mode is on from the beginning if the constructor is told so', () => {
      expect(new BaseEventLoop({ host, debug: true }).getDebug()).to.equal(true);
      process.env.RINGLOOP_DEBUG = '1';
      try {
        expect(new BaseEventLoop({ host, debug: false }).getDebug()).to.equal(false);
      } finally {
        delete process.env.RINGLOOP_DEBUG;
      }
    });

    it('isStopFunction() recognises the stop method of a loop, without the loop', () => {
      expect([loop.stop, () => undefined, 'stop', null].map(isStopFunction)).to.deep.equal([
        true,
        false,
        false,
        false,
      ]);
    });

    it('BaseEventLoop runs ten thousand callbacks in one iteration, and one in each of ten thousand', async () => {
      let calls = 0;
      for (let i = 0; i < 10_000; i++) loop.callSoon(() => calls++);
      await runOnce(loop);
      expect(calls).to.equal(10_000);
      const again = (): void => {
        if (--calls > 0) loop.callSoon(again);
        else loop.stop();
      };
      loop.callSoon(again);
      await loop.runForever();
      expect(calls).to.equal(0);
    });

    it('time() is the time of its host', () => {
      expect(loop.time()).to.equal(100);
    });
  });
});
