import { setImmediate as immediate } from 'node:timers/promises';
import {
  type BaseEventLoop,
  CancelledError,
  currentTask,
  Future,
  gather,
  Lock,
  sleep,
  SystemExit,
  waitFor,
} from '@ringloop/core';
import { awaitableOf, followPromise, startFunction } from '@ringloop/core/internal';
import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { rejection } from '../rejection.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

const { RunningFunction } = (await coreFile(
  'running-function',
)) as typeof import('../../packages/core/dist/running-function.js');

describe('core/running-function', () => {
  let loop: BaseEventLoop;
  let log: string[];

  interface Thing {
    readonly name: string;
  }

  /** Makes something after a second, which it takes a promise of Node’s to hand out. */
  const make = (settling: () => Promise<unknown> = () => sleep(1)): Future<Thing> =>
    new RunningFunction<Thing>(
      loop,
      async () => {
        await settling();
        log.push('made');
        return { name: 'thing' };
      },
      ({ name }) => log.push(`${name} closed`),
    );

  beforeEach(() => {
    loop = jumpingLoop();
    log = [];
  });

  it('startFunction() begins at once, and gives what the function does', async () => {
    const got = await loop.runUntilComplete(async () => {
      const task = currentTask();
      const started = startFunction(async () => {
        log.push(`same task: ${currentTask() === task}`);
        return sleep(1, 'result');
      });
      log.push('called');
      return started;
    });
    expect([got, ...log]).to.deep.equal(['result', 'same task: true', 'called']);
  });

  it('startFunction() outside of a running loop calls the function', async () => {
    expect(await startFunction(async () => 'result')).to.equal('result');
    expect(await awaitableOf(Promise.resolve('as it is'))).to.equal('as it is');
  });

  it('startFunction() is cancelled by waitFor(), gather(), a task and a generator, and has ended then', async () => {
    const patient = (): Future<void> =>
      new RunningFunction(loop, async () => {
        try {
          await sleep(100);
        } finally {
          await sleep(1);
          log.push(`ends at ${loop.time()}`);
        }
      });
    await loop.runUntilComplete(async () => {
      await rejection(waitFor(patient(), 1));
      const gathered = gather([patient(), patient()]);
      const task = loop.createTask(patient());
      const stepped = loop.createTask(function* () {
        yield* patient();
      });
      await sleep(1);
      for (const each of [gathered, task, stepped]) each.cancel();
      await Promise.allSettled([gathered, task, stepped]);
    });
    expect(log).to.deep.equal(['ends at 2', ...Array<string>(4).fill('ends at 4')]);
  });

  it('startFunction() closes what was made when it was cancelled as it ended', async () => {
    let go!: () => void;
    const ways = {
      'by a task': () => loop.createTask(() => make(() => new Promise<void>((resolve) => (go = resolve)))),
      'by nobody': () => make(() => new Promise<void>((resolve) => (go = resolve))),
    };
    for (const [name, start] of Object.entries(ways)) {
      log = [];
      await loop.runUntilComplete(async () => {
        const started = start();
        await sleep(1);
        started.cancel();
        go();
        log.push((await rejection(started)).name);
      });
      expect([name, ...log]).to.deep.equal([name, 'made', 'thing closed', 'CancelledError']);
    }
  });

  it('startFunction() closes what a generator does not get, which is thrown a cancellation instead', async () => {
    let go!: () => void;
    const task = loop.createTask(function* () {
      return yield* make(() => new Promise<void>((resolve) => (go = resolve)));
    });
    await runOnce(loop);
    go();
    await immediate();
    task.cancel();
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(log).to.deep.equal(['made', 'thing closed']);
  });

  it('startFunction() closes what a generator within an async function does not get', async () => {
    let go!: () => void;
    const task = loop.createTask(async () =>
      new Lock().run(function* () {
        return yield* make(() => new Promise<void>((resolve) => (go = resolve)));
      }),
    );
    await runOnce(loop);
    task.cancel();
    go();
    expect(await rejection(loop.runUntilComplete(task))).to.be.instanceOf(CancelledError);
    expect(log).to.deep.equal(['made', 'thing closed']);
  });

  it('startFunction() cancelled too late gives its result to the await, and throws at the next one', async () => {
    let go!: () => void;
    const task = loop.createTask(async () => {
      const { name } = await make(() => new Promise<void>((resolve) => (go = resolve)));
      log.push(`got ${name}`);
      log.push(String(await rejection(sleep(9))));
    });
    await runOnce(loop);
    task.cancel('late');
    go();
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['made', 'got thing', 'CancelledError: late']);
  });

  it('startFunction() that fails after it was cancelled hands the cancellation on, too', async () => {
    let go!: () => void;
    const task = loop.createTask(async () => {
      const failing = startFunction(async () => {
        await new Promise<void>((resolve) => (go = resolve));
        throw new RangeError('mine');
      });
      log.push(String(await rejection(failing)), String(await rejection(sleep(9))));
    });
    await runOnce(loop);
    task.cancel('late');
    go();
    await loop.runUntilComplete(task);
    expect(log).to.deep.equal(['RangeError: mine', 'CancelledError: late']);
  });

  it('startFunction() that throws SystemExit ends the loop only where nobody waits for it', async () => {
    const exit = async (): Promise<never> => {
      await sleep(1);
      throw new SystemExit(3);
    };
    const caught = await loop.runUntilComplete(async () => rejection(startFunction(exit)));
    expect(caught).to.be.instanceOf(SystemExit);
    const ended = loop.runUntilComplete(async () => {
      void startFunction(exit);
      await sleep(9);
    });
    expect(await rejection(ended)).to.be.instanceOf(SystemExit);
  });

  it('startFunction() that ends when its loop is closed is told to who awaits it elsewhere', async () => {
    let go!: () => void;
    const started = await loop.runUntilComplete(async () => [
      new RunningFunction(loop, async () => {
        await new Promise<void>((resolve) => (go = resolve));
        return 'late';
      }),
    ]);
    const [running] = started;
    const calls: unknown[] = [];
    running!.addDoneCallback((future) => calls.push(future));
    loop.close();
    go();
    expect([await running, calls]).to.deep.equal(['late', []]);
  });

  it('startFunction() that is done refuses to be cancelled', async () => {
    const reports = reportsOf(loop);
    await loop.runUntilComplete(async () => {
      const failing = new RunningFunction(loop, async () => Promise.reject(new Error('nobody asks')));
      await sleep(1);
      log.push(String(failing.cancel()));
    });
    loop.close();
    expect([log, reports]).to.deep.equal([['false'], []]);
  });

  it('startFunction() outside of tasks can be cancelled, and refuses futures of other loops', async () => {
    const elsewhere = jumpingLoop().createFuture();
    const started: Future<unknown>[] = [];
    await loop.runUntilComplete(async () => {
      loop.callSoon(() => {
        started.push(new RunningFunction(loop, async () => Promise.race([sleep(9), loop.createFuture()])));
        started.push(new RunningFunction(loop, async () => elsewhere));
      });
      await sleep(1);
      started[0]?.cancel();
      await Promise.allSettled(started);
    });
    expect(started[0]?.cancelled()).to.equal(true);
    expect(started[1]?.exception()?.message).to.include('attached to a different loop');
  });

  it('followPromise() that is cancelled no longer waits for the promise, and cancels it if it can be', async () => {
    const cancelled: string[] = [];
    const call = Object.assign(new Promise<never>(() => undefined), {
      cancel: () => cancelled.push('the call'),
    });
    await loop.runUntilComplete(async () => {
      for (const promise of [call, new Promise<never>(() => undefined)]) {
        const future = followPromise(loop, promise);
        future.cancel();
        expect(await rejection(future)).to.be.instanceOf(CancelledError);
      }
      const late = followPromise(loop, Promise.reject(new Error('dropped')));
      late.cancel();
      await immediate();
      log.push(String(await rejection(awaitableOf(Promise.reject(new CancelledError('theirs'))))));
    });
    expect([cancelled, log]).to.deep.equal([['the call'], ['CancelledError: theirs']]);
  });
});
