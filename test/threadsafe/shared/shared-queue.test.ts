import { inspect } from 'node:util';
import { expect } from 'chai';
import { QueueEmpty, QueueFull, QueueShutDown, sleep } from '@ringloop/core';
import { CloneError, LoopGroup, SharedLock, SharedQueue } from '@ringloop/threadsafe';
import { createLoop, KettleError } from '../fixtures/calls.js';
import { inLoop } from './fixtures/in-loop.js';
import { consume, getOne, produce } from './fixtures/work.js';

describe('SharedQueue', () => {
  it('getNowait() gives items in the order in which they were put in, and needs no loop', () => {
    const queue = new SharedQueue<unknown>(3);
    const items = [undefined, { a: new Map([[1, 'é☃']]) }, Buffer.from('bytes')];
    for (const item of items) queue.putNowait(item);
    expect([queue.qsize(), queue.full(), queue.empty()]).to.deep.equal([3, true, false]);
    expect(() => queue.putNowait(1)).to.throw(QueueFull);
    expect([1, 2, 3].map(() => queue.getNowait())).to.deep.equal(items);
    expect(() => queue.getNowait()).to.throw(QueueEmpty);
    expect(inspect(queue)).to.equal('<SharedQueue maxsize=3 qsize=0 tasks=3>');
  });

  it('putNowait() goes round its slots any number of times', () => {
    for (const maxsize of [1, 2, 3, 7]) {
      const queue = new SharedQueue<number>(maxsize, { itemBytes: 16 });
      let [put, got] = [0, 0];
      for (let round = 0; round < 1000; round++) {
        while (!queue.full()) queue.putNowait(put++);
        expect(queue.qsize()).to.equal(maxsize);
        for (let n = 0; n <= round % maxsize; n++)
          if (queue.getNowait() !== got++) throw new Error('out of order');
      }
      expect(queue.qsize()).to.equal(put - got);
    }
  });

  it('put() copies the item as it is, and errors keep their class', () => {
    const queue = new SharedQueue<unknown>();
    const item = [1];
    queue.putNowait(item);
    item.push(2);
    queue.putNowait(new KettleError('hot'));
    expect(queue.getNowait()).to.deep.equal([1]);
    expect(queue.getNowait()).to.have.property('name', 'KettleError');
  });

  it('putNowait() takes any error, and shows what cannot be bytes on it as text', () => {
    const queue = new SharedQueue<unknown>();
    const error = Object.assign(new KettleError('hot'), {
      lid: new SharedLock(),
      steam: new Blob(['?']),
      volume: 2,
    });
    queue.putNowait({ error });
    const { error: got } = queue.getNowait() as { error: KettleError & Record<string, unknown> };
    expect(got).to.include({ name: 'KettleError', message: 'hot', volume: 2 });
    expect([typeof got.lid, typeof got.steam]).to.deep.equal(['string', 'string']);
  });

  it('putNowait() refuses what cannot be sent or is too large', () => {
    const queue = new SharedQueue<unknown>(1, { itemBytes: 32 });
    expect(() => queue.putNowait(() => 1)).to.throw(CloneError, 'Cannot send [Function (anonymous)]');
    expect(() => queue.putNowait('x'.repeat(64))).to.throw(CloneError, 'there are 32');
    expect(() => queue.putNowait(new SharedLock())).to.throw(CloneError, 'Cannot send a SharedLock');
    expect(() => queue.putNowait(new Uint8Array(new SharedArrayBuffer(8)))).to.throw(
      CloneError,
      'shared memory',
    );
    expect(queue.empty()).to.equal(true);
  });

  it('the constructor refuses sizes that it cannot have', () => {
    for (const wrong of [0, -1, 1.5, NaN, 65_537])
      expect(() => new SharedQueue(wrong)).to.throw(RangeError, String(wrong));
    expect(() => new SharedQueue(1, { itemBytes: 0 })).to.throw(RangeError, 'itemBytes');
    expect(() => new SharedQueue(65_536, { itemBytes: 2 ** 20 })).to.throw(RangeError, '1 GiB');
    expect(() => new SharedQueue('1' as unknown as number)).to.throw(TypeError, "'1'");
  });

  it('join() goes on when all that was put is done', () =>
    inLoop(async () => {
      const queue = new SharedQueue<number>();
      await queue.join();
      queue.putNowait(1);
      queue.putNowait(2);
      let joined = false;
      const joining = queue.join().then(() => (joined = true));
      queue.taskDone();
      await sleep(0);
      expect(joined).to.equal(false);
      queue.taskDone();
      await joining;
      expect(() => queue.taskDone()).to.throw(RangeError, 'too many times');
    }));

  it('shutdown() ends who waits, and what is there is still given', () =>
    inLoop(async () => {
      const queue = new SharedQueue<number>(1);
      queue.putNowait(1);
      const putting = Promise.all([2, 3].map((n) => queue.put(n).catch((thrown: unknown) => thrown)));
      await sleep(0);
      queue.shutdown();
      for (const thrown of await putting) expect(thrown).to.be.instanceOf(QueueShutDown);
      expect(await queue.get()).to.equal(1);
      expect(await queue.get().catch((thrown: unknown) => thrown)).to.be.instanceOf(QueueShutDown);
      expect(() => queue.putNowait(4)).to.throw(QueueShutDown);
    }));

  it('shutdown({ immediate: true }) drops what is there, and counts it as done', () =>
    inLoop(async () => {
      const queue = new SharedQueue<number>();
      queue.putNowait(1);
      const joining = queue.join();
      queue.shutdown({ immediate: true });
      await joining;
      expect(() => queue.getNowait()).to.throw(QueueShutDown);
    }));

  describe('between threads', () => {
    let group: LoopGroup;

    beforeEach(async () => {
      group = await LoopGroup.spawn({ loops: 3, loopFactory: createLoop });
    });

    afterEach(() => group.close().then(() => undefined));

    it('get() takes each item once, and those of each producer in order', () =>
      inLoop(async () => {
        const queue = new SharedQueue<[number, number]>(8);
        const items = 2000;
        const [first, second, third] = group.loops;
        const consuming = [second!, third!].map((there) => there.runCoroutineThreadsafe(consume, queue));
        await Promise.all([
          first!.runCoroutineThreadsafe(produce, queue, 0, items),
          produce(queue, 1, items),
        ]);
        await queue.join();
        queue.shutdown();
        const got = await Promise.all(consuming);
        for (const producer of [0, 1]) {
          for (const each of got) {
            const of = each.filter(([from]) => from === producer).map(([, n]) => n);
            expect(of).to.deep.equal([...of].sort((a, b) => a - b));
          }
          const all = got.flatMap((each) => each.filter(([from]) => from === producer).map(([, n]) => n));
          expect(all.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: items }, (_, n) => n));
        }
      })).slow(3000);

    it('putNowait() wakes a loop of another thread that waits for an item', () =>
      inLoop(async () => {
        const queue = new SharedQueue<string>();
        const getting = group.next().runCoroutineThreadsafe(getOne, queue);
        while (queue.qsize() > 0) await sleep(0);
        queue.putNowait('here');
        expect(await getting).to.equal('here');
      }));
  });
});
