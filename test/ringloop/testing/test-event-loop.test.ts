import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import {
  EventLoop,
  getRunningLoop,
  LoopGroup,
  type Protocol,
  run,
  sleep,
  type SocketAddress,
  type StreamTransport,
  waitFor,
  wrapFuture,
} from 'ringloop';
import { DeadlockError, TestEventLoop } from 'ringloop/testing';
import { answer, work } from '../fixtures/answers.js';
import { rejection } from '../../rejection.js';

class Echo implements Protocol {
  #transport: StreamTransport | null = null;
  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }
  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

describe('ringloop/testing', function () {
  this.slow(1000); // threads
  let loop: TestEventLoop;

  beforeEach(() => {
    loop = new TestEventLoop();
  });

  afterEach(() => {
    if (!loop.isRunning()) loop.close();
  });

  it('TestEventLoop runs an hour of timers in no time, in one order', async () => {
    const started = performance.now();
    const log: string[] = [];
    const ticking = async (name: string, seconds: number): Promise<void> => {
      for (let i = 0; i < 3; i++) {
        await sleep(seconds);
        log.push(`${name} at ${getRunningLoop().time()}`);
      }
    };
    const result = await run(
      async () => {
        await Promise.all([ticking('a', 1200), ticking('b', 900)]);
        return getRunningLoop().time();
      },
      { loopFactory: () => loop },
    );
    expect(result).to.equal(3600);
    expect(log).to.deep.equal(['b at 900', 'a at 1200', 'b at 1800', 'a at 2400', 'b at 2700', 'a at 3600']);
    expect(performance.now() - started).to.be.below(1000);
    expect(loop).to.be.instanceOf(EventLoop);
  });

  it('TestEventLoop begins at 0, or where it is told, and has the options of a loop', () => {
    const other = new TestEventLoop({ startAt: 1e9, name: 'test', debug: true });
    expect([loop.time(), other.time(), other.name, other.getDebug()]).to.deep.equal([0, 1e9, 'test', true]);
    other.close();
  });

  it('TestEventLoop.advance() moves the clock where it does not leap', async () => {
    const still = new TestEventLoop({ autojump: false });
    const log: string[] = [];
    const task = still.createTask(async () => {
      await sleep(5);
      log.push(`woken at ${still.time()}`);
    });
    const running = still.runUntilComplete(task);
    still.advance(0); // the first step
    await delay(1);
    still.advance(4);
    await delay(1);
    expect(log).to.deep.equal([]);
    still.advance(1);
    await running;
    expect(log).to.deep.equal(['woken at 5']);
    expect(() => still.advance(-1)).to.throw(RangeError);
    still.close();
  });

  it('TestEventLoop tells a deadlock, who is in it and what they wait for, and can be used again', async () => {
    const first = loop.createFuture();
    const error = await rejection(
      loop.runUntilComplete(
        loop.createTask(
          async function main() {
            await sleep(60);
            const worker = loop.createTask(
              function* worker() {
                yield* first;
              },
              { name: 'worker' },
            );
            await worker;
          },
          { name: 'main' },
        ),
      ),
    );
    expect(error).to.be.instanceOf(DeadlockError).with.property('code', 'ERR_DEADLOCK');
    expect(error.message).to.match(
      /^Deadlock: nothing is ready or scheduled, but <Task .*name='main'.*> is not done\. Waiting:/,
    );
    expect(error.message).to.match(
      /\n {2}<Task pending name='worker' coro=<worker\(\)> waitFor=<Future pending>>/,
    );
    expect(error.message).to.match(/\n {2}<Task pending name='main' coro=<main\(\)> waitFor=<Task pending>>/);
    expect(await loop.runUntilComplete(() => sleep(40, 'again'))).to.equal('again');
    expect(loop.time()).to.equal(100);
    loop.setExceptionHandler(() => undefined); // of the tasks that are left
  });

  it('run() in a TestEventLoop rejects with the deadlock, and cleans up', async () => {
    let cleanedUp = false;
    const error = await rejection(
      run(
        async () => {
          try {
            await loop.createFuture();
          } finally {
            cleanedUp = true;
          }
        },
        { loopFactory: () => loop },
      ),
    );
    expect(error).to.be.instanceOf(DeadlockError);
    expect([cleanedUp, loop.isClosed()]).to.deep.equal([true, true]);
  });

  describe('is no deadlock', () => {
    it('TestEventLoop waits for a job of an executor', async () => {
      const result = await run(async () => getRunningLoop().runInExecutor(null, work, 20, 'text'), {
        loopFactory: () => loop,
      });
      expect(result).to.equal('text from the pool');
    });

    it("TestEventLoop waits for another thread's answer", async () => {
      await using group = await LoopGroup.spawn({ loops: 1 });
      const [ref] = group.loops;
      if (ref === undefined) throw new Error('no loop');
      expect(
        await loop.runUntilComplete(async () => ref.runCoroutineThreadsafe(answer, 20, 'awaited')),
      ).to.equal('awaited');
      expect(
        await loop.runUntilComplete(function* () {
          return yield* wrapFuture(ref.runCoroutineThreadsafe(answer, 20, 'wrapped'), { loop });
        }),
      ).to.equal('wrapped');
      expect(
        await loop.runUntilComplete(loop.createTask(ref.runCoroutineThreadsafe(answer, 20, 'a task'))),
      ).to.equal('a task');
    });

    it('TestEventLoop waits for sockets', async () => {
      const received = await loop.runUntilComplete(async () => {
        const server = await loop.createServer(() => new Echo(), { host: '127.0.0.1', port: 0 });
        const { port } = server.sockets?.[0]?.getsockname() as SocketAddress & { port: number };
        const echoed = loop.createFuture<string>();
        const [transport] = await loop.createConnection(
          () => ({ dataReceived: (data: Buffer) => echoed.setResult(String(data)) }),
          { host: '127.0.0.1', port },
        );
        transport.write(Buffer.from('hello'));
        const text = await echoed;
        transport.close();
        server.close();
        return text;
      });
      expect(received).to.equal('hello');
    });

    it('TestEventLoop waits for a native promise', async () => {
      expect(await loop.runUntilComplete(async () => delay(20, 'async'))).to.equal('async');
      expect(await loop.runUntilComplete(delay(20, 'itself'))).to.equal('itself');
      expect(
        await loop.runUntilComplete(function* (): Generator<unknown, unknown, unknown> {
          return yield delay(20, 'generator');
        }),
      ).to.equal('generator');
    });

    it('TestEventLoop does not leap to a timeout while a job runs', async () => {
      const text = await loop.runUntilComplete(async () =>
        waitFor(loop.runInExecutor(null, work, 20, 'text'), 10),
      );
      expect([text, loop.time()]).to.deep.equal(['text from the pool', 0]);
      await loop.runUntilComplete(() => loop.shutdownDefaultExecutor());
    });

    it('TestEventLoop waits for all of them in tasks that main waits for', async () => {
      const results = await loop.runUntilComplete(async () => {
        const tasks = [
          loop.createTask(async () => delay(20, 'promise')),
          loop.createTask(async () => loop.runInExecutor(null, work, 10, 'text')),
          loop.createTask(() => sleep(3600, 'timer')),
        ];
        return [await tasks[0], await tasks[1], await tasks[2]];
      });
      expect(results).to.deep.equal(['promise', 'text from the pool', 'timer']);
      await loop.runUntilComplete(() => loop.shutdownDefaultExecutor());
    });
  });

  describe('is a deadlock once it is over', () => {
    it('TestEventLoop sees it when the native promise of another task is settled', async () => {
      loop.createTask(async () => {
        await delay(20);
      });
      expect(await rejection(loop.runUntilComplete(loop.createFuture()))).to.be.instanceOf(DeadlockError);
    });

    it('TestEventLoop sees it when the job that nobody waits for any more is done', async () => {
      const error = await rejection(
        loop.runUntilComplete(async () => {
          loop.runInExecutor(null, work, 20, 'text').cancel();
          await loop.createFuture();
        }),
      );
      expect(error).to.be.instanceOf(DeadlockError);
      await loop.runUntilComplete(() => loop.shutdownDefaultExecutor());
      loop.setExceptionHandler(() => undefined);
    });
  });
});
