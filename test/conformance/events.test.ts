import {
  BaseEventLoop,
  CancelledError,
  getEventLoop,
  getRunningLoop,
  LoopStateError,
  setEventLoop,
  sleep,
} from '@ringloop/core';
import { NodeHost } from '@ringloop/core/internal';
import { expect } from 'chai';
import { newEventLoop } from 'ringloop';
import { CountingHost } from '../core/counting-host.js';
import { rejection } from '../rejection.js';
import { jumpingLoop } from '../core/virtual-loop.js';
import { KINDS } from './coroutine-kinds.js';

// Cases of CPython's test_events.py (PSF License Version 2), but for those of sockets, pipes, signals, subprocesses and threads. The
// facts are theirs, the text is ours.

/** How much later than asked for a timer may be on a busy machine, in seconds. */
const LATENESS = 0.4;

describe('conformance/events', () => {
  let loop: BaseEventLoop;
  let log: unknown[];
  const note = (what: unknown): void => void log.push(what);

  beforeEach(() => {
    loop = new BaseEventLoop(); // with the clock of the machine
    log = [];
  });

  afterEach(() => {
    setEventLoop(null);
    if (!loop.isRunning()) loop.close();
  });

  describe('running', () => {
    it('EventLoopTestsMixin.test_run_until_complete: a sleep takes its time', async () => {
      const started = loop.time();
      await loop.runUntilComplete(() => sleep(0.1));
      expect(loop.time() - started).to.be.within(0.1, 0.1 + LATENESS);
    });

    for (const { kind, coroutine } of KINDS) {
      it(`EventLoopTestsMixin.test_run_until_complete_nesting: a running loop runs nothing else, ${kind}`, async () => {
        const error = await rejection(
          loop.runUntilComplete(
            coroutine(function* () {
              expect(loop.isRunning()).to.equal(true);
              yield* loop.createTask(() => loop.runUntilComplete(() => sleep(0)));
            }),
          ),
        );
        expect(error)
          .to.be.instanceOf(LoopStateError)
          .with.property('message', 'This event loop is already running');
      });

      it(`EventLoopTestsMixin.test_run_until_complete_stopped: a loop that is stopped does not complete, ${kind}`, async () => {
        const task = loop.createTask(
          coroutine(function* () {
            loop.stop();
            yield* sleep(0.1);
          }),
        );
        expect(await rejection(loop.runUntilComplete(task)))
          .to.be.instanceOf(LoopStateError)
          .with.property('code', 'ERR_LOOP_STOPPED');
        task.cancel();
        expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
      });

      it(`EventLoopTestsMixin.test_close_running_event_loop: a running loop cannot be closed, ${kind}`, async () => {
        const error = await rejection(
          loop.runUntilComplete(
            coroutine(function* () {
              loop.close();
              yield;
            }),
          ),
        );
        expect(error)
          .to.be.instanceOf(LoopStateError)
          .with.property('message', 'Cannot close a running event loop');
        expect(loop.isClosed()).to.equal(false);
      });
    }

    it('EventLoopTestsMixin.test_timeout_rounding: short sleeps do not make the loop spin', async () => {
      const host = new CountingHost(new NodeHost());
      const counted = new BaseEventLoop({ host });
      await counted.runUntilComplete(async () => {
        for (const delay of [1e-2, 1e-4, 1e-6, 1e-8, 1e-10]) await sleep(delay);
      });
      expect(host.turns).to.be.at.most(20); // CPython's bound; its ideal is 12
      counted.close();
    });
  });

  describe('calls', () => {
    it('EventLoopTestsMixin.test_call_later: the callback gets its arguments, once', async () => {
      loop.callLater(
        0.1,
        (what: string) => {
          note(what);
          loop.stop();
        },
        'hello world',
      );
      await loop.runForever();
      expect(log).to.deep.equal(['hello world']);
    });

    it('EventLoopTestsMixin.test_call_soon: as many as there are', async () => {
      loop.callSoon(
        (...what: string[]) => {
          note(what);
          loop.stop();
        },
        'hello',
        'world',
      );
      await loop.runForever();
      expect(log).to.deep.equal([['hello', 'world']]);
    });

    it('EventLoopTestsMixin.test_call_soon_threadsafe_same_thread: keeps the order with call_soon', async () => {
      const callback = (what: string): void => {
        if (log.push(what) >= 2) loop.stop();
      };
      loop.callSoonThreadsafe(callback, 'hello');
      loop.callSoon(callback, 'world');
      await loop.runForever();
      expect(log).to.deep.equal(['hello', 'world']);
    });
  });

  it('EventLoopTestsMixin.test_close: a closed loop takes neither calls nor tasks, and runs nothing', async () => {
    loop.close();
    const coroutine = async (): Promise<void> => note('ran');
    for (const run of [() => loop.runForever(), () => loop.runUntilComplete(loop.createFuture())]) {
      expect(await rejection(run())).to.be.instanceOf(LoopStateError);
    }
    for (const refused of [
      () => loop.callSoon(note, 'ran'),
      () => loop.callSoonThreadsafe(note, 'ran'),
      () => loop.callLater(1, note, 'ran'),
      () => loop.callAt(loop.time(), note, 'ran'),
      () => loop.createTask(coroutine),
      () => loop.runInExecutor(null, note, 'ran'),
    ]) {
      expect(refused).to.throw(LoopStateError, 'Event loop is closed');
    }
    expect(log).to.deep.equal([]);
  });

  describe('the loop of the thread', () => {
    it('GetEventLoopTestsMixin.test_get_event_loop_returns_running_loop: in a coroutine it is the one that runs, whichever was set', async () => {
      const other = jumpingLoop();
      const seen = async (): Promise<BaseEventLoop[]> => [getEventLoop(), getRunningLoop()];
      expect(() => getRunningLoop()).to.throw(LoopStateError, 'no running event loop');
      for (const set of [null, other]) {
        setEventLoop(set);
        expect(await loop.runUntilComplete(seen)).to.deep.equal([loop, loop]);
      }
      expect(getEventLoop()).to.equal(other);
      expect(() => getRunningLoop()).to.throw(LoopStateError, 'no running event loop');
    });

    it('GetEventLoopTestsMixin.test_get_event_loop_returns_running_loop2: outside it is the one that was set, or none', () => {
      expect(() => getEventLoop()).to.throw(LoopStateError, 'There is no current event loop');
      setEventLoop(loop);
      expect(getEventLoop()).to.equal(loop);
      setEventLoop(null);
      expect(() => getEventLoop()).to.throw(LoopStateError, 'There is no current event loop');
    });

    it('PolicyTests.test_get_event_loop_after_set_none: none is none', () => {
      setEventLoop(loop);
      setEventLoop(null);
      expect(() => getEventLoop())
        .to.throw(LoopStateError)
        .with.property('code', 'ERR_NO_CURRENT_LOOP');
    });

    it('PolicyTests.test_new_event_loop: makes a loop that can do everything', () => {
      const made = newEventLoop();
      expect(made).to.be.instanceOf(BaseEventLoop);
      made.close();
    });

    it('PolicyTests.test_set_event_loop: takes a loop, and not anything', () => {
      setEventLoop(loop);
      expect(() => setEventLoop({} as never)).to.throw(TypeError);
      const other = jumpingLoop();
      setEventLoop(other);
      expect(getEventLoop()).to.equal(other);
    });
  });
});
