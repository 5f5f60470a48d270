import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type BaseEventLoop, sleep, SystemExit, timeout } from '@ringloop/core';
import { mustEnter } from '@ringloop/core/internal';
import { expect } from 'chai';
import { jumpingLoop, runOnce } from './virtual-loop.js';

const execute = promisify(execFile);
const program = new URL('./fixtures/context-program.js', import.meta.url).pathname;

/** What the fixture prints, whoever is first to enter a storage. */
const PRINTED = `
- an await outside of tasks
reaction: A
- callbacks
callSoon outside: nothing
callSoon: A
callSoon elsewhere: B
callSoon of a callback: A
callLater: A
callLater outside: nothing
- done callbacks
done callback: A
done callback outside: nothing
done callback of a done future: C
- enterWith() in a callback
the callback: kept
the next one: nothing
a second one: kept again
the one after it: nothing
its sibling: A
a task: nothing
what it schedules: kept
the next iteration: nothing
its next step: nothing
what that schedules: kept again
- a generator task
first step: A
after a bare yield: A
after sleep(): A
its callback: kept
its child: kept
its child goes on: kept
keeps what it stored: kept
within run(): B
after run(): kept
- two generator tasks
one begins: nothing
two begins: nothing
a callback between: nothing
one: one
two: two
one: one
two: two
- an async task
first step: A
another: nothing
after a promise: A
after sleep(0): A
another goes on: nothing
after sleep(1): A
its callback: A
within run(): B
after run(): A
callback within run(): B
- the context option
getContext() of the task: C
getContext() of the handle: A
done callback: C
generator task: C
async task: C
handle: A
generator task goes on: C
async task goes on: C
- eager tasks
eager step outside: nothing
who created that: nothing
eager step: A
who created it: A
next step outside: kept outside
next step: kept
at the end: nothing
`;

describe('core/context', function () {
  this.slow(1000); // child processes

  for (const [order, title] of [
    ['user', 'the user entered a storage before ringloop was loaded'],
    ['ringloop', "ringloop's own storage was entered before the user's"],
    ['importer', 'a storage held something when ringloop was loaded'],
  ] as const) {
    it(`AsyncLocalStorage holds in callbacks and tasks what it held where they were made, when ${title}`, async () => {
      const { stdout } = await execute(process.execPath, [program, order]);
      expect(`\n${stdout}`).to.equal(PRINTED);
    });
  }

  describe('in one process', () => {
    const storage = new AsyncLocalStorage<string>();
    let loop: BaseEventLoop;
    let seen: string[];
    const see = (what: string): void => void seen.push(`${what}: ${storage.getStore() ?? 'nothing'}`);

    beforeEach(() => {
      loop = jumpingLoop();
      seen = [];
    });

    it('runForever() runs callbacks without the AsyncLocalStorage of its caller', async () => {
      loop.callSoon(see, 'callback');
      await storage.run('caller', async () => {
        await runOnce(loop);
        see('caller');
      });
      expect(seen).to.deep.equal(['callback: nothing', 'caller: caller']);
    });

    it('an exception handler’s enterWith() reaches neither the callback that failed nor the next one', async () => {
      loop.setExceptionHandler(() => {
        see('handler');
        storage.enterWith('handler');
      });
      loop.callSoon(() => {
        loop.callExceptionHandler({ message: 'of a callback' });
        see('callback');
      });
      storage.run('Ada', () => {
        loop.callSoon(() => {
          storage.enterWith('Bob');
          throw new Error('of a handle');
        });
      });
      const task = storage.run('task', () => loop.createTask(() => Promise.resolve()));
      loop.callSoon(() => {
        loop.callExceptionHandler({ message: 'of a task', task });
        expect(task.getContext().runInAsyncScope(() => storage.getStore())).to.equal('task');
      });
      loop.callSoon(see, 'the next one');
      await runOnce(loop);
      expect(seen).to.deep.equal([
        'handler: nothing',
        'callback: nothing',
        'handler: Bob',
        'handler: task',
        'the next one: nothing',
      ]);
    });

    it('enterWith() in a callback that has a context leaves that as it was', async () => {
      const context = storage.run('Ada', () => loop.callSoon(() => storage.enterWith('Bob'))).getContext();
      await runOnce(loop);
      expect(context.runInAsyncScope(() => storage.getStore())).to.equal('Ada');
    });

    it('enterWith() in a callback that ends the loop is gone in the next run', async () => {
      loop.callSoon(() => {
        storage.enterWith('kept');
        throw new SystemExit(1);
      });
      await loop.runForever().catch(() => undefined);
      loop.callSoon(see, 'the next run');
      loop.createTask(function* () {
        see('its task');
        yield;
      });
      await runOnce(loop);
      expect(seen).to.deep.equal(['the next run: nothing', 'its task: nothing']);
    });

    it('runUntilComplete() runs its main with the AsyncLocalStorage of its caller', async () => {
      await storage.run('caller', () =>
        loop.runUntilComplete(function* () {
          see('main');
          yield* sleep(1);
          see('main goes on');
        }),
      );
      await storage.run('async caller', () =>
        loop.runUntilComplete(async () => {
          see('main');
          await sleep(1);
          see('main goes on');
        }),
      );
      expect(seen).to.deep.equal([
        'main: caller',
        'main goes on: caller',
        'main: async caller',
        'main goes on: async caller',
      ]);
    });

    it('Blocks of a generator task run in its context', async () => {
      await storage.run('A', () =>
        loop.runUntilComplete(function* () {
          yield* timeout(10).run(function* () {
            see('block');
            yield* sleep(1);
            see('block goes on');
          });
          see('after the block');
        }),
      );
      expect(seen).to.deep.equal(['block: A', 'block goes on: A', 'after the block: A']);
    });

    it('Tasks by the thousand keep what each of them stored', async () => {
      const wrong: string[] = [];
      for (let i = 0; i < 1000; i++) {
        loop.createTask(function* () {
          storage.enterWith(String(i));
          for (let step = 0; step < 3; step++) {
            yield;
            if (storage.getStore() !== String(i)) wrong.push(`${i}: ${String(storage.getStore())}`);
          }
        });
      }
      loop.callLater(1, () => loop.stop());
      await loop.runForever();
      expect(wrong).to.deep.equal([]);
    });

    it('Handler of exceptions runs in the context of the callback that failed', async () => {
      loop.setExceptionHandler(() => see('handler'));
      storage.run('A', () =>
        loop.callSoon(() => {
          throw new Error('boom');
        }),
      );
      await runOnce(loop);
      expect(seen).to.deep.equal(['handler: A']);
    });

    it('mustEnter() in a foreign AsyncResource tells whether that resource stores something', async () => {
      const found: boolean[] = [];
      loop.callSoon(() => {
        const before = new AsyncResource('before');
        storage.enterWith('A');
        const after = new AsyncResource('after');
        for (const resource of [before, after]) resource.runInAsyncScope(() => found.push(mustEnter(null)));
      });
      await runOnce(loop);
      expect(found).to.deep.equal([false, true]);
    });

    it('Callback that throws leaves nothing of its context behind', async () => {
      loop.setExceptionHandler(() => undefined);
      loop.callSoon(() => {
        storage.run('A', () =>
          loop.callSoon(() => {
            storage.enterWith('B');
            throw new Error('boom');
          }),
        );
        loop.callSoon(see, 'next');
      });
      await runOnce(loop);
      await runOnce(loop);
      expect(seen).to.deep.equal(['next: nothing']);
    });
  });
});
