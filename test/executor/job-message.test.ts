import { inspect } from 'node:util';
import { expect } from 'chai';
import { BaseEventLoop } from '@ringloop/core';
import { PiscinaExecutor } from '@ringloop/executor';
import { CloneError, LoopRef, transfer } from '@ringloop/threadsafe';
import { LoopInbox } from '@ringloop/threadsafe/internal';
import {
  block,
  describeError,
  echo,
  returnUnsendable,
  runOn,
  same,
  spill,
  TeapotError,
  throwUnsendable,
  throwValue,
} from './fixtures/jobs.js';
import { createGate, entered, openGate } from './fixtures/gate.js';
import { rejection } from '../rejection.js';
import { strangeErrors, throwStrange } from '../threadsafe/fixtures/strange-errors.js';
import { platformValues } from '../threadsafe/fixtures/platform-values.js';

describe('executor/job-message', () => {
  let executor: PiscinaExecutor;

  before(() => (executor = new PiscinaExecutor({ maxThreads: 1 })));
  after(() => executor.shutdown());

  it('packArguments() lets through whatever structured clone lets through', async () => {
    const values = ['snow ☃', -0, 10n, null, undefined, new Date(5), /x/g, new Map([[1, { a: [2] }]])];
    const sent = [...values, new Float64Array([1.5]), new Set([1])];
    expect(await executor.submit(echo, sent).result).to.deep.equal(sent);
  });

  for (const [what, make] of Object.entries(platformValues)) {
    it(`packArguments() sends what structured clone would: ${what}`, async () => {
      const value = make();
      let expected: unknown;
      try {
        expected = structuredClone(value);
      } catch {
        expect(() => executor.submit(same, [value])).to.throw(CloneError);
        return;
      }
      const arrived = await executor.submit(same, [value]).result;
      expect(inspect(arrived, { depth: 5 })).to.equal(inspect(expected, { depth: 5 }));
    });
  }

  for (const [what, make] of Object.entries(strangeErrors)) {
    it(`packThrown() rejects with some error, and no thread dies: ${what}`, async () => {
      const [, message] = make();
      for (let times = 0; times < 3; times++) {
        const failing = executor.submit(throwStrange, [what]).result.then(null, String);
        expect(await failing).to.include(message);
        expect(await executor.submit(same, [1]).result).to.equal(1);
      }
    });
  }

  it('packArguments() keeps one object in two arguments one object', async () => {
    const shared = { n: 1 };
    const [a, b] = await executor.submit(echo, [shared, [shared]]).result;
    expect((b as unknown[])[0]).to.equal(a);
  });

  it('packArguments() shares SharedArrayBuffers', async () => {
    const words = new Int32Array(new SharedArrayBuffer(4));
    const [there] = (await executor.submit(echo, [words]).result) as [Int32Array];
    Atomics.store(words, 0, 7);
    expect(there[0]).to.equal(7);
  });

  it('packArguments() and packResult() take away what was marked by transfer()', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const job = executor.submit(same, [transfer(bytes, [bytes.buffer])]);
    expect(bytes.byteLength).to.equal(0);
    expect(await job.result).to.deep.equal(new Uint8Array([1, 2, 3]));
  });

  it('packArguments() names the argument that cannot be sent, before anything is queued', () => {
    const { submitted } = executor;
    expect(() => executor.submit(echo, [1, { f: () => 1 }, 3]))
      .to.throw(CloneError, /^Cannot send argument 2\.f of echo\(\): function f\(\) cannot be cloned/)
      .with.property('code', 'ERR_NOT_CLONEABLE');
    expect(() => executor.submit(echo, [Symbol('s')])).to.throw(CloneError, 'argument 1 of echo()');
    expect(() => executor.submit(echo, [() => 1])).to.throw(CloneError, 'argument 1 of echo()');
    expect(executor.submitted).to.equal(submitted);
  });

  it('packArguments() copies at once: a job that waits does not see later changes', async () => {
    const gate = createGate();
    void executor.submit(block, [gate]);
    await entered(gate);
    const list = [1];
    const job = executor.submit(same, [list]);
    list.push(2);
    openGate(gate);
    expect(await job.result).to.deep.equal([1]);
  });

  it('packArguments() keeps class, code and cause of errors', async () => {
    const error = new TeapotError('x', { cause: new RangeError('y') });
    expect(await executor.submit(describeError, [error]).result).to.deep.equal(['ERR_TEAPOT', 'RangeError']);
  });

  it('packResult() keeps class, code, cause and own properties of errors', async () => {
    const error = Object.assign(new TeapotError('x', { cause: new RangeError('y') }), { volume: 3 });
    const returned = (await executor.submit(same, [error]).result) as TeapotError;
    expect(returned)
      .to.be.instanceOf(TeapotError)
      .that.includes({ code: 'ERR_TEAPOT', volume: 3, message: 'x' });
    expect(returned.cause).to.be.instanceOf(RangeError);
  });

  it('packResult() brings LoopRefs there and back', async () => {
    let inbox: LoopInbox | undefined;
    const loop = new BaseEventLoop({ name: 'here', openInbox: (owner) => (inbox = new LoopInbox(owner)) });
    const ref = await executor.submit(same, [inbox!.ref]).result;
    expect(ref).to.be.instanceOf(LoopRef).with.property('name', 'here');
    loop.close();
  });

  for (const what of ['function', 'symbol', 'inside', 'proxy'] as const) {
    it(`packResult() refuses what cannot be sent (${what}), and the thread goes on`, async () => {
      const [, before] = await executor.submit(runOn, ['x']).result;
      const error = await rejection(executor.submit(returnUnsendable, [what]).result);
      expect(error).to.be.instanceOf(CloneError).with.property('code', 'ERR_NOT_CLONEABLE');
      expect(error.message).to.match(/^Cannot send the result of returnUnsendable\(\).*: /);
      const [, after] = await executor.submit(runOn, ['x']).result;
      expect(after).to.equal(before);
    });
  }

  // "exception in worker fn": ZeroDivisionError there
  it('packOutcomeOf() keeps class, code, cause and own properties', async () => {
    const error = await rejection(executor.submit(spill, []).result);
    expect(error).to.be.instanceOf(TeapotError);
    expect(error).to.include({
      name: 'TeapotError',
      code: 'ERR_TEAPOT',
      message: 'short and stout',
      volume: 2,
    });
    expect(error.cause).to.be.instanceOf(RangeError).with.property('message', 'full');
    expect(error.stack).to.match(/jobs\.[jt]s/);
  });

  it('packOutcomeOf() passes on values that are no errors', async () => {
    const jobs = ['a string', undefined].map((value) => executor.submit(throwValue, [value]).result);
    expect(await Promise.allSettled(jobs)).to.deep.equal([
      { status: 'rejected', reason: 'a string' },
      { status: 'rejected', reason: undefined },
    ]);
  });

  it('packOutcomeOf() sends an error with what cannot be sent as text', async () => {
    const error = await rejection(executor.submit(throwUnsendable, []).result);
    expect(error).to.be.instanceOf(Error).with.property('message', 'Symbol(message)');
  });
});
