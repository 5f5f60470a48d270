import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import { BaseEventLoop, VirtualHost } from '@ringloop/core';
import { HANDLE_LOOP } from '@ringloop/core/internal';
import { expect } from 'chai';
import { reportsOf, runOnce } from './virtual-loop.js';

function greet(...names: unknown[]): number {
  return names.length; // only the function's own name matters
}

describe('core/handle', () => {
  let loop: BaseEventLoop;
  let ran: string[];
  const note = (what: string): void => void ran.push(what);

  beforeEach(() => {
    loop = new BaseEventLoop({ host: new VirtualHost() });
    ran = [];
  });

  it('Handle knows its loop', () => {
    expect(loop.callSoon(greet)[HANDLE_LOOP]).to.equal(loop);
  });

  // CPython HandleTests.test_handle
  it('Handle.cancel() can be repeated', () => {
    const handle = loop.callSoon(greet);
    expect(handle.cancelled()).to.equal(false);
    handle.cancel();
    handle.cancel();
    expect(handle.cancelled()).to.equal(true);
  });

  it('Handle.cancel() of the next handle of the same batch keeps it from running', async () => {
    loop.callSoon(note, 'A');
    loop.callSoon(() => {
      ran.push('B');
      next.cancel();
    });
    const next = loop.callSoon(note, 'C');
    loop.callSoon(note, 'D');
    await runOnce(loop);
    expect(ran).to.deep.equal(['A', 'B', 'D']);
  });

  // CPython EventLoopTests.test_call_soon_threadsafe_handle_cancel_same_thread
  it('Handle.cancel() within its own callback lets it finish', async () => {
    const handle = loop.callSoon(() => {
      handle.cancel();
      ran.push('finished');
    });
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['finished', true]);
  });

  it('Handle.cancelled() stays false when the callback has run', async () => {
    const handle = loop.callSoon(note, 'A');
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['A', false]);
    handle.cancel();
    await runOnce(loop);
    expect([...ran, handle.cancelled()]).to.deep.equal(['A', true]);
  });

  it('Handle shows its call, and once cancelled neither function nor arguments', () => {
    const handle = loop.callSoon(greet, 'world', { deep: { er: 1 } });
    expect(inspect(handle)).to.equal("<Handle greet('world', { deep: [Object] })>");
    handle.cancel();
    expect(inspect(handle)).to.equal('<Handle cancelled>');
    expect(inspect(loop.callSoon(() => undefined))).to.equal('<Handle (anonymous)()>');
  });

  // CPython BaseEventLoopTests.test_call_soon_non_callable and EventLoopTests.test_callback_with_exception
  it('Handle reports what its callback throws, and the loop goes on', async () => {
    const reports = reportsOf(loop);
    const error = new Error('boom');
    const handle = loop.callSoon(function zeroError(dividend: number) {
      if (dividend > 0) throw error;
    }, 7);
    loop.callSoon(note, 'next');
    await runOnce(loop);
    expect(ran).to.deep.equal(['next']);
    expect(reports).to.deep.equal([
      { message: 'Exception in callback zeroError(7)', exception: error, handle },
    ]);
  });

  it('Handle reports what is thrown that is no Error as the cause of one', async () => {
    const reports = reportsOf(loop);
    const thrown: unknown[] = ['text', undefined, Object.create(null)]; // String() fails on the last one
    for (const each of thrown) {
      loop.callSoon(() => {
        throw each;
      });
    }
    await runOnce(loop);
    expect(reports.map(({ exception }) => exception?.cause)).to.deep.equal(thrown);
    expect(reports.map(({ exception }) => exception?.message)).to.deep.equal([
      "Thrown: 'text'",
      'Thrown: undefined',
      'Thrown: [Object: null prototype] {}',
    ]);
  });

  it('Handle reports an error although an argument cannot be shown and the name is no string', async () => {
    const reports = reportsOf(loop);
    const secretive = {
      [inspect.custom]() {
        throw new Error('cannot be shown');
      },
    };
    const callback = (shy: object): void => {
      throw new Error('boom', { cause: shy });
    };
    Object.defineProperty(callback, 'name', { value: Symbol('name') });
    loop.callSoon(callback, secretive);
    await runOnce(loop);
    expect(reports.map(({ message }) => message)).to.deep.equal([
      'Exception in callback (anonymous)(<object that cannot be inspected>)',
    ]);
  });

  // CPython HandleTests.test_handle_source_traceback
  it('Handle remembers in debug mode who scheduled it', () => {
    expect(loop.callSoon(greet).sourceTraceback).to.equal(undefined);
    loop.setDebug(true);
    const handles = [
      loop.callSoon(greet),
      loop.callSoonThreadsafe(greet),
      loop.callLater(1, greet),
      loop.callAt(1, greet),
    ];
    for (const { sourceTraceback } of handles) {
      expect(sourceTraceback?.split('\n')[0]).to.match(/^ +at .*handle\.test\.[jt]s:\d+:\d+\)?$/);
    }
  });

  // CPython HandleTests.test_handle_repr_debug
  it('Handle shows in debug mode where it was created, also once it is cancelled', () => {
    loop.setDebug(true);
    const handle = loop.callSoon(greet, 'world');
    expect(inspect(handle)).to.match(
      /^<Handle greet\('world'\) created at \/.*handle\.test\.[jt]s:\d+:\d+>$/,
    );
    handle.cancel();
    expect(inspect(handle)).to.match(
      /^<Handle cancelled greet\('world'\) created at \/.*handle\.test\.[jt]s:\d+:\d+>$/,
    );
  });

  // CPython EventLoopTests.test_callback_with_exception: the keys of the context in debug mode
  it('Handle reports in debug mode where the call that failed was scheduled', async () => {
    const reports = reportsOf(loop);
    loop.setDebug(true);
    loop.slowCallbackDuration = Infinity;
    const handle = loop.callSoon(() => {
      throw new Error('boom');
    });
    await runOnce(loop);
    expect(reports.map((report) => Object.keys(report).sort())).to.deep.equal([
      ['exception', 'handle', 'message', 'sourceTraceback'],
    ]);
    expect(reports[0]).to.include({ handle, sourceTraceback: handle.sourceTraceback });
  });

  it('Handle.getContext() is the context that the call was scheduled in', () => {
    const storage = new AsyncLocalStorage<string>();
    const see = (): unknown => storage.getStore();
    const handles = [loop.callSoon(greet), storage.run('here', () => loop.callLater(1, greet))];
    handles[0]?.cancel();
    expect(handles.map((handle) => handle.getContext().runInAsyncScope(see))).to.deep.equal([
      undefined,
      'here',
    ]);
  });

  it('Handle that is cancelled by the handler of another error does not run', async () => {
    loop.setExceptionHandler(() => {
      next.cancel();
    });
    loop.callSoon(() => {
      throw new Error('boom');
    });
    const next = loop.callSoon(note, 'next');
    await runOnce(loop);
    expect(ran).to.deep.equal([]);
  });
});
