import { AsyncLocalStorage } from 'node:async_hooks';
import { inspect } from 'node:util';
import {
  BaseEventLoop,
  type ExceptionContext,
  KeyboardInterrupt,
  SystemExit,
  VirtualHost,
} from '@ringloop/core';
import { expect } from 'chai';
import sinon from 'sinon';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

describe('core/exception-handler', () => {
  let loop: BaseEventLoop;
  let printed: sinon.SinonStub;
  const lines = (): string[] => printed.args.map(([text]) => String(text));

  beforeEach(() => {
    loop = jumpingLoop();
    printed = sinon.stub(console, 'error');
  });

  afterEach(() => {
    sinon.restore();
  });

  // CPython BaseEventLoopTests.test_set_exc_handler_custom
  it('setExceptionHandler() replaces the default handler until it is given null', async () => {
    const reports = reportsOf(loop);
    const handler = loop.getExceptionHandler();
    const fail = (): void => {
      throw new Error('boom');
    };
    loop.callSoon(fail);
    await runOnce(loop);
    expect([reports.length, typeof handler, printed.callCount]).to.deep.equal([1, 'function', 0]);
    loop.setExceptionHandler(null);
    loop.callSoon(fail);
    await runOnce(loop);
    expect([reports.length, loop.getExceptionHandler(), printed.callCount]).to.deep.equal([1, null, 1]);
  });

  // CPython BaseEventLoopTests.test_set_exc_handler_invalid
  it('setExceptionHandler() refuses what cannot be called', () => {
    expect(() => loop.setExceptionHandler('spam' as never)).to.throw(
      TypeError,
      "A callable object or null is expected, got 'spam'",
    );
  });

  it('callExceptionHandler() gives the handler the loop and the context itself', () => {
    const handler = sinon.spy();
    loop.setExceptionHandler(handler);
    const context = { message: 'hello' };
    loop.callExceptionHandler(context);
    expect(handler.args).to.deep.equal([[loop, context]]);
    expect(handler.args[0]![1]).to.equal(context);
  });

  it('defaultExceptionHandler() prints message, sorted keys and the error', () => {
    const error = new Error('boom');
    error.stack = 'Error: boom\n    at somewhere';
    loop.defaultExceptionHandler({ message: 'It failed', task: 'a task', exception: error, future: 1 });
    expect(lines()).to.deep.equal(["It failed\nfuture: 1\ntask: 'a task'\nError: boom\n    at somewhere"]);
  });

  it('defaultExceptionHandler() prints what it knows of a context without message', () => {
    loop.callExceptionHandler({});
    expect(lines()).to.deep.equal(['Unhandled exception in event loop']);
  });

  // CPython BaseEventLoopTests.test_set_exc_handler_broken
  it('callExceptionHandler() tells the default handler what the custom one threw', () => {
    const broken = new Error('broken handler');
    loop.setExceptionHandler(() => {
      throw broken;
    });
    const fallback = sinon.stub(loop, 'defaultExceptionHandler');
    const context: ExceptionContext = { message: 'original' };
    loop.callExceptionHandler(context);
    expect(fallback.args).to.deep.equal([
      [{ message: 'Unhandled error in exception handler', exception: broken, context }],
    ]);
  });

  // CPython BaseEventLoopTests.test_default_exc_handler_broken
  it('callExceptionHandler() prints to standard error when the default handler throws', async () => {
    class BrokenLoop extends BaseEventLoop {
      seen: ExceptionContext[] = [];
      override defaultExceptionHandler(context: ExceptionContext): never {
        this.seen.push(context);
        throw new Error('broken default');
      }
    }
    const broken = new BrokenLoop({ host: new VirtualHost() });
    const fail = (): void => {
      throw new Error('original');
    };
    broken.callSoon(fail);
    await runOnce(broken);
    broken.setExceptionHandler(() => {
      throw new Error('broken custom');
    });
    broken.callSoon(fail);
    await runOnce(broken);
    expect(lines().map((text) => text.split('\n')[0])).to.deep.equal([
      'Exception in default exception handler',
      'Exception in default exception handler while handling an unexpected error in custom exception handler',
    ]);
    expect(broken.seen[1]).to.have.nested.property('context.exception.message', 'original');
  });

  it('callExceptionHandler() lets SystemExit out, and the loop ends with it', async () => {
    const exit = new SystemExit(4);
    loop.setExceptionHandler(() => {
      throw exit;
    });
    loop.callSoon(() => {
      throw new Error('boom');
    });
    expect(await rejection(loop.runForever())).to.equal(exit);
  });

  it('callExceptionHandler() lets KeyboardInterrupt of the default handler out, too', async () => {
    const interrupt = new KeyboardInterrupt();
    loop.defaultExceptionHandler = () => {
      throw interrupt;
    };
    loop.callSoon(() => {
      throw new Error('boom');
    });
    expect(await rejection(loop.runForever())).to.equal(interrupt);
  });

  it('callExceptionHandler() also reports values that inspect() cannot show', () => {
    const shy = {
      [inspect.custom]() {
        throw new Error('not now');
      },
    };
    loop.callExceptionHandler({ message: 'It failed', protocol: shy });
    expect(lines()).to.deep.equal(['It failed\nprotocol: <object that cannot be inspected>']);
  });

  it('defaultExceptionHandler() leaves out what is undefined', () => {
    loop.defaultExceptionHandler({ message: 'It failed', future: undefined, task: null });
    expect(lines()).to.deep.equal(['It failed\ntask: null']);
  });

  // CPython: source_traceback and handle_traceback
  it('defaultExceptionHandler() prints where things were created, each under its title', () => {
    loop.defaultExceptionHandler({
      message: 'It failed',
      sourceTraceback: '    at source',
      handleTraceback: '    at handle',
      task: 1,
    });
    expect(lines()).to.deep.equal([
      [
        'It failed',
        'Handle created at (most recent call first):',
        '    at handle',
        'Object created at (most recent call first):',
        '    at source',
        'task: 1',
      ].join('\n'),
    ]);
  });

  // CPython BaseEventLoopTests.test_set_exc_handler_custom: in debug mode
  it('defaultExceptionHandler() names the creation of a callback that failed, once', async () => {
    loop.setDebug(true);
    loop.slowCallbackDuration = Infinity;
    loop.callSoon(function failing() {
      throw new Error('boom');
    });
    await runOnce(loop);
    const [text = ''] = lines();
    expect(text).to.match(/^Exception in callback failing\(\)\nhandle: <Handle failing\(\) created at /);
    expect(text.split('Object created at (most recent call first):\n')[1]).to.match(
      /^ +at .*exception-handler\.test\.[jt]s/,
    );
    expect(text).not.to.include('Handle created at');
  });

  // CPython: base_events adds handle_traceback of the current handle
  it('defaultExceptionHandler() names the creation of the callback that is running', async () => {
    loop.setDebug(true);
    loop.slowCallbackDuration = Infinity;
    loop.callSoon(() => loop.callExceptionHandler({ message: 'from a callback' }));
    loop.createTask(function* () {
      loop.callExceptionHandler({ message: 'from a task' });
      yield;
    });
    loop.callSoon(() => {
      const future = loop.createFuture(); // what runs, runs for another one
      void future.then(() => undefined);
      future.setResult(1);
    });
    await runOnce(loop);
    await runOnce(loop);
    loop.callExceptionHandler({ message: 'from outside' });
    expect(lines().map((text) => text.split('\n').slice(0, 2))).to.deep.equal([
      ['from a callback', 'Handle created at (most recent call first):'],
      ['from a task', 'Handle created at (most recent call first):'],
      ['from outside'],
    ]);
  });

  // CPython 3.12 runs the handler in the context of the task, future or handle
  it('callExceptionHandler() calls the handler in the context of what it is told about', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    loop.setExceptionHandler(() => seen.push(storage.getStore()));
    const task = storage.run('task', () => loop.createTask(() => Promise.resolve()));
    const handle = storage.run('handle', () => loop.callSoon(() => undefined));
    storage.run('caller', () => {
      loop.callExceptionHandler({ task });
      loop.callExceptionHandler({ future: task });
      loop.callExceptionHandler({ handle });
      loop.callExceptionHandler({ future: loop.createFuture() }); // which has none
      loop.callExceptionHandler({});
    });
    await runOnce(loop);
    expect(seen).to.deep.equal(['task', 'task', 'handle', 'caller', 'caller']);
  });

  it('setExceptionHandler() takes an async handler, and tells where it fails later', async () => {
    loop.setExceptionHandler(async () => {
      await Promise.resolve();
      throw new RangeError('cannot log');
    });
    loop.callSoon(() => {
      throw new Error('boom');
    });
    await runOnce(loop);
    await new Promise(setImmediate);
    expect(lines().join('\n')).to.include('Unhandled error in exception handler').and.include('cannot log');
    printed.resetHistory();
    loop.setExceptionHandler(async () => undefined);
    loop.callExceptionHandler({ message: 'logged' });
    expect(printed.callCount).to.equal(0);
  });
});
