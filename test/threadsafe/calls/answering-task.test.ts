import { expect } from 'chai';
import { LoopGroup, type LoopRef } from '@ringloop/threadsafe';
import { createLoop } from '../fixtures/calls.js';
import {
  asynchronous,
  badDefault,
  breakFactory,
  dropFactory,
  generator,
  plain,
  plainPromise,
  useFactory,
} from '../fixtures/kinds.js';
import { rejection } from '../../rejection.js';

describe('A task that another thread called', () => {
  let group: LoopGroup;
  let there: LoopRef;

  before(async () => {
    group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    there = group.next();
  });

  after(() => group.close());

  for (const fn of [plain, plainPromise, asynchronous, generator]) {
    it(`is the current one in a function of that kind, and named after it: ${fn.name}`, async () => {
      const call = there.runCoroutineThreadsafe<[], unknown>(fn);
      // It is asked in a reaction, whose outcome the task waits for.
      const waits = fn === plainPromise ? ' waitFor=<Future pending>' : '';
      expect(await call).to.equal(`<Task pending name='Task-N' coro=<${fn.name}()>${waits}>`);
    });
  }

  it('fails when the default of a parameter throws, and the loop goes on', async () => {
    const error = await rejection(there.runCoroutineThreadsafe(badDefault));
    expect([error.constructor, error.message]).to.deep.equal([RangeError, 'no default']);
    expect(await there.runCoroutineThreadsafe(badDefault, 7)).to.equal(7);
  });

  it("is made by the loop's task factory, which is given a coroutine of its name", async () => {
    there.callSoonThreadsafe(useFactory);
    expect(await there.runCoroutineThreadsafe(asynchronous)).to.include('coro=<asynchronous()>');
    expect(await there.runCoroutineThreadsafe(generator)).to.include('coro=<generator()>');
    expect(await there.runCoroutineThreadsafe(dropFactory)).to.deep.equal([
      'asynchronous',
      'generator',
      'dropFactory',
    ]);
  });

  it('is refused with what the factory throws', async () => {
    there.callSoonThreadsafe(breakFactory);
    expect((await rejection(there.runCoroutineThreadsafe(plain))).message).to.equal('no tasks today');
    expect(await there.runCoroutineThreadsafe(plain)).to.include('coro=<plain()>');
  });
});
