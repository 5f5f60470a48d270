import { once } from 'node:events';
import { aclosing, type BaseEventLoop, LoopStateError, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { collectGarbage } from './collect-garbage.js';
import { jumpingLoop, reportsOf } from './virtual-loop.js';

describe('core/asyncgens', () => {
  let loop: BaseEventLoop;
  let log: string[];

  /** Counts, and tells when it is closed. */
  async function* numbers(name: string, delay = 1): AsyncGenerator<number, void, undefined> {
    try {
      for (let i = 0; ; i++) yield i;
    } finally {
      await sleep(delay);
      log.push(`${name} closed`);
    }
  }

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  // CPython BaseEventLoopTests.test_asyncgen_finalization…, AsyncGenAsyncioTest.test_async_gen_asyncio_shutdown_01
  it('shutdownAsyncgens() closes what aclosing() was given, all at once', async () => {
    await loop.runUntilComplete(async () => {
      const generators = [aclosing(numbers('slow', 2)), aclosing(numbers('fast', 1))];
      for (const generator of generators)
        expect(await generator.next()).to.deep.equal({ done: false, value: 0 });
      aclosing(numbers('not begun'));
      await loop.shutdownAsyncgens();
      expect(await generators[0]?.next()).to.deep.equal({ done: true, value: undefined });
    });
    expect([log, loop.time()]).to.deep.equal([['fast closed', 'slow closed'], 2]);
  });

  it('shutdownAsyncgens() needs none, and closes none twice', async () => {
    await loop.runUntilComplete(async () => {
      const generator = aclosing(numbers('once'));
      await generator.next();
      await generator.return();
      await loop.shutdownAsyncgens();
      await loop.shutdownAsyncgens();
    });
    await loop.runUntilComplete(() => loop.shutdownAsyncgens());
    expect(log).to.deep.equal(['once closed']);
  });

  // CPython BaseEventLoopTests.test_asyncgen… : ag_close reports
  it('shutdownAsyncgens() reports what a generator throws when it is closed', async () => {
    const reports = reportsOf(loop);
    const failing = async function* (thrown: unknown): AsyncGenerator<number> {
      try {
        yield 1;
      } finally {
        throw thrown; // eslint-disable-line no-unsafe-finally -- the point of it
      }
    };
    const error = new RangeError('in finally');
    const [first, second] = await loop.runUntilComplete(async () => {
      const generators = [aclosing(failing(error)), aclosing(failing('text')), aclosing(numbers('good'))];
      for (const generator of generators) await generator.next();
      await loop.shutdownAsyncgens();
      return generators;
    });
    expect(reports).to.deep.equal([
      {
        message: 'an error occurred during closing of asynchronous generator Object [AsyncGenerator] {}',
        exception: error,
        asyncgen: first,
      },
      {
        message: 'an error occurred during closing of asynchronous generator Object [AsyncGenerator] {}',
        exception: reports[1]?.exception,
        asyncgen: second,
      },
    ]);
    expect(reports[1]?.exception?.message).to.equal("Thrown: 'text'");
    expect(log).to.deep.equal(['good closed']);
  });

  // CPython BaseEventLoopTests.test_… asyncgen "was scheduled after loop.shutdown_asyncgens() call"
  it('aclosing() after shutdownAsyncgens() warns', async () => {
    const warned = once(process, 'warning') as Promise<[Error]>;
    await loop.runUntilComplete(async () => {
      await loop.shutdownAsyncgens();
      aclosing(numbers('late'));
    });
    const [warning] = await warned;
    expect([warning.name, warning.message]).to.deep.equal([
      'ResourceWarning',
      'asynchronous generator Object [AsyncGenerator] {} was scheduled after loop.shutdownAsyncgens() call',
    ]);
  });

  it('aclosing() gives the generator itself, which `await using` closes', async () => {
    await loop.runUntilComplete(async () => {
      {
        const plain = numbers('in the block');
        await using generator = aclosing(plain);
        expect(generator).to.equal(plain);
        for await (const number of generator) {
          if (number === 2) break; // which closes it as well
        }
        await using other = aclosing(numbers('other'));
        await other.next();
        log.push('end of the block');
      }
      log.push('after the block');
      await loop.shutdownAsyncgens();
    });
    expect(log).to.deep.equal(['in the block closed', 'end of the block', 'other closed', 'after the block']);
  });

  it('aclosing() uses Symbol.asyncDispose where the generator has it', async () => {
    await loop.runUntilComplete(async () => {
      const generator = Object.assign(numbers('own'), {
        [Symbol.asyncDispose]: async () => {
          log.push('its own way');
          await Promise.resolve();
        },
      });
      {
        await using same = aclosing(generator);
        await same.next();
      }
    });
    expect(log).to.deep.equal(['its own way']);
  });

  it('aclosing() needs a loop that runs', () => {
    expect(() => aclosing(numbers('nowhere')))
      .to.throw(LoopStateError, 'no running event loop')
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
  });

  it('aclosing() does not keep a generator alive that nobody else holds', async function () {
    this.slow(1000); // full garbage collections
    let collected = 0;
    const registry = new FinalizationRegistry(() => collected++);
    await loop.runUntilComplete(async () => {
      for (let i = 0; i < 100; i++) registry.register(aclosing(numbers('lost')), i);
    });
    await collectGarbage(() => collected >= 90);
    expect(collected).to.be.at.least(90);
    await loop.runUntilComplete(() => loop.shutdownAsyncgens());
  });
});
