import { expect } from 'chai';
import { LoopGroup, type LoopRef, type ThreadsafeHandle } from '@ringloop/threadsafe';
import { blockUntil, loopWithInbox, note, takeNotes } from '../threadsafe/fixtures/calls.js';
import { addFor, cancelYourself, createLoop, handles } from './threadsafe-calls.js';

// Cases about calls between threads of CPython's test_events.py (3.14) and test_free_threading.py (PSF License Version 2). The
// facts are theirs, the text is ours.

const RUNNING = 1;

describe('conformance/threadsafe-handles', function () {
  this.slow(1000); // threads

  let group: LoopGroup;
  let there: LoopRef;
  let gate: Int32Array;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 11, loopFactory: createLoop });
    there = group.loop(0);
  });

  after(() => group.close());

  beforeEach(() => {
    gate = new Int32Array(new SharedArrayBuffer(8));
  });

  /** A callback that runs there until `open()`. */
  function blocked(): ThreadsafeHandle {
    const handle = there.callSoonThreadsafe(blockUntil, gate);
    while (Atomics.load(gate, RUNNING) === 0);
    return handle;
  }

  function open(): void {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  }

  it('EventLoopTestsMixin.test_call_soon_threadsafe_handle_block_check_cancelled: one whose callback runs is not cancelled, and says so at once', () => {
    const handle = blocked();
    expect(handle.cancelled()).to.equal(false);
    open();
  });

  it('EventLoopTestsMixin.test_call_soon_threadsafe_handle_block_cancellation: one whose callback runs cannot be cancelled, and nobody waits', async () => {
    const handle = blocked();
    expect([handle.cancel(), handle.cancelled()]).to.deep.equal([false, false]);
    open();
    there.callSoonThreadsafe(note, 'it goes on');
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal(['it goes on']);
    expect([handle.cancel(), handle.cancelled()]).to.deep.equal([false, false]);
  });

  it('EventLoopTestsMixin.test_call_soon_threadsafe_handle_cancel_same_thread: a callback cannot cancel itself, and runs to its end', async () => {
    const { loop, ref } = loopWithInbox();
    handles.mine = ref.callSoonThreadsafe(cancelYourself);
    ref.callSoonThreadsafe(loop.stop);
    await loop.runForever();
    expect([handles.outcome, handles.mine.cancelled()]).to.deep.equal(['cancel() gave false', false]);
    loop.close();
  });

  it('EventLoopTestsMixin.test_call_soon_threadsafe_handle_cancel_other_thread: one that has not begun never runs', async () => {
    blocked();
    const handle = there.callSoonThreadsafe(note, 'never');
    expect([handle.cancelled(), handle.cancel(), handle.cancelled()]).to.deep.equal([false, true, true]);
    open();
    expect(await there.runCoroutineThreadsafe(takeNotes)).to.deep.equal([]);
  });

  it('TestFreeThreading.test_run_coroutine_threadsafe, test_run_coroutine_threadsafe_exception: ten threads call into one loop, and each gets its own results', async () => {
    const results = await Promise.all(
      group.loops.slice(1).map((caller, i) => caller.runCoroutineThreadsafe(addFor, there, i * 1000, 20)),
    );
    expect(results).to.deep.equal(
      Array.from({ length: 10 }, (_, i) =>
        Array.from({ length: 20 }, (_unused, n) => (n % 5 === 4 ? 'RangeError: Fail!' : i * 1000 + n)),
      ),
    );
  });
});
