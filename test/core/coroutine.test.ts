import { inspect } from 'node:util';
import { type BaseEventLoop, type Coroutine, isCoroutine, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { rejection } from '../rejection.js';
import { jumpingLoop } from './virtual-loop.js';

const { isGeneratorFunction, toStart } = (await coreFile(
  'coroutine',
)) as typeof import('../../packages/core/dist/coroutine.js');

async function asyncFunction(): Promise<string> {
  await sleep(1);
  return 'async';
}

function* generatorFunction(): Generator<unknown, string, unknown> {
  yield* sleep(1);
  return 'generator';
}

async function* asyncGeneratorFunction(): AsyncGenerator<number> {
  await sleep(1);
  yield 1;
}

describe('core/coroutine', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
  });

  it('createTask() takes coroutines of all kinds', async () => {
    const kinds: Record<string, Coroutine<string> | PromiseLike<string>> = {
      'async function': asyncFunction,
      'generator function': generatorFunction,
      generator: generatorFunction(),
      'function that gives a promise': () => Promise.resolve('promise'),
      'function that gives a generator': () => generatorFunction(),
      'function that gives an async function’s promise': () => asyncFunction(),
      'function that gives a future': () => sleep(1, 'sleep'),
      promise: Promise.resolve('promise'),
      future: loop.createTask(asyncFunction),
      thenable: {
        then: (onFulfilled) => Promise.resolve('thenable').then(onFulfilled),
      },
      'bound generator function': generatorFunction.bind(null),
    };
    const results: string[] = [];
    for (const [kind, coroutine] of Object.entries(kinds)) {
      results.push(`${kind}: ${await loop.runUntilComplete(loop.createTask(coroutine))}`);
    }
    expect(results).to.deep.equal([
      'async function: async',
      'generator function: generator',
      'generator: generator',
      'function that gives a promise: promise',
      'function that gives a generator: generator',
      'function that gives an async function’s promise: async',
      'function that gives a future: sleep',
      'promise: promise',
      'future: async',
      'thenable: thenable',
      'bound generator function: generator',
    ]);
  });

  it('createTask() runs nothing of a coroutine before its first step', async () => {
    const log: string[] = [];
    const task = loop.createTask(() => {
      log.push('called');
      return (function* () {
        log.push('stepped');
        yield;
      })();
    });
    expect(log).to.deep.equal([]);
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['called', 'stepped']);
  });

  it('createTask() of a function that gives a generator starts it in the same step', async () => {
    const log: string[] = [];
    const named = function* (name: string): Generator<unknown, void, unknown> {
      log.push(`${name} 1`);
      yield;
      log.push(`${name} 2`);
    };
    loop.createTask(() => named('by a function'));
    loop.createTask(named('itself'));
    loop.callLater(1, () => loop.stop());
    await loop.runForever();
    expect(log).to.deep.equal(['by a function 1', 'itself 1', 'by a function 2', 'itself 2']);
  });

  it('cancel() before the start ends a function that would give a generator without calling it', async () => {
    let called = false;
    const task = loop.createTask(() => {
      called = true;
      return generatorFunction();
    });
    task.cancel('early');
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('early');
    expect(called).to.equal(false);
  });

  it('cancel() reaches the generator that a function gave', async () => {
    const task = loop.createTask(() => generatorFunction());
    loop.callSoon(() => task.cancel('enough'));
    expect((await rejection(loop.runUntilComplete(task))).message).to.equal('enough');
    expect(loop.time()).to.equal(0);
  });

  it('createTask() gives a signal to a function that gives a generator, if it declares one', async () => {
    const signals: unknown[] = [];
    await loop.runUntilComplete((signal: AbortSignal) => {
      signals.push(signal);
      return (async () => Promise.resolve())();
    });
    await loop.runUntilComplete(function (this: void, ...rest: unknown[]) {
      signals.push(...rest);
      return generatorFunction();
    });
    expect(signals.map((signal) => signal instanceof AbortSignal)).to.deep.equal([true]);
  });

  it('createTask() refuses async generators and what is no coroutine', () => {
    const thenableFunction = Object.assign(() => Promise.resolve(1), { then: 5 });
    for (const value of [
      asyncGeneratorFunction,
      asyncGeneratorFunction(),
      5,
      'spam',
      null,
      undefined,
      {},
      [],
      { then: 5 },
    ]) {
      expect(() => loop.createTask(value as never)).to.throw(
        TypeError,
        `A Future, a coroutine or a promise is required, got ${inspect(value)}`,
      );
    }
    expect(() => loop.createTask(thenableFunction)).not.to.throw();
  });

  it('createTask() fails when its function is a class', async () => {
    class Spam extends Date {}
    expect(await rejection(loop.runUntilComplete(Spam as never))).to.be.instanceOf(TypeError);
  });

  it('createTask() gives what a function returns that is no promise', async () => {
    expect(await loop.runUntilComplete((() => 5) as never)).to.equal(5);
  });

  it('toStart() starts a promise or a generator by returning it as it is', () => {
    const promise = Promise.resolve();
    const generator = generatorFunction();
    const signal = new AbortController().signal;
    expect(toStart(promise)(signal)).to.equal(promise);
    expect(toStart(generator)(signal)).to.equal(generator);
    expect(toStart(asyncFunction)).to.equal(asyncFunction);
  });

  // CPython CoroutineTests.test_iscoroutine has the idea: what has not begun
  it('isCoroutine() tells async and generator functions and generators from all else', () => {
    for (const value of [
      asyncFunction,
      generatorFunction,
      generatorFunction(),
      async () => Promise.resolve(),
    ]) {
      expect(isCoroutine(value), inspect(value)).to.equal(true);
    }
    for (const value of [
      asyncGeneratorFunction,
      asyncGeneratorFunction(),
      () => undefined,
      Promise.resolve(),
      loop.createFuture(),
      [][Symbol.iterator](),
      5,
      null,
      undefined,
    ]) {
      expect(isCoroutine(value), inspect(value)).to.equal(false);
    }
  });

  it('isGeneratorFunction() goes by what a function is, not by what it gives', () => {
    const values = [
      generatorFunction,
      () => generatorFunction(),
      asyncFunction,
      asyncGeneratorFunction,
      5,
      null,
    ];
    expect(values.map(isGeneratorFunction)).to.deep.equal([true, false, false, false, false, false]);
  });
});
