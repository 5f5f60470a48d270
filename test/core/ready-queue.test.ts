import { InternalError } from '@ringloop/core';
import { type Ready, RUN } from '@ringloop/core/internal';
import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from './core-file.js';

const { ReadyQueue } = (await coreFile(
  'ready-queue',
)) as typeof import('../../packages/core/dist/ready-queue.js');
type Queue = InstanceType<typeof ReadyQueue>;

const entry = (): Ready => ({ [RUN]: () => undefined });

interface Model {
  entries: Ready[];
}

class Push implements fc.Command<Model, Queue> {
  readonly #count: number;
  constructor(count: number) {
    this.#count = count;
  }
  check(): boolean {
    return true;
  }
  run(model: Model, queue: Queue): void {
    for (let i = 0; i < this.#count; i++) {
      const added = entry();
      expect(queue.tail).to.equal(queue.head + model.entries.length);
      model.entries.push(added);
      queue.push(added);
    }
  }
  toString(): string {
    return `push ${this.#count}`;
  }
}

class Shift implements fc.Command<Model, Queue> {
  readonly #count: number;
  constructor(count: number) {
    this.#count = count;
  }
  check({ entries }: Model): boolean {
    return entries.length >= this.#count;
  }
  run(model: Model, queue: Queue): void {
    for (let i = 0; i < this.#count; i++) expect(queue.shift()).to.equal(model.entries.shift());
  }
  toString(): string {
    return `shift ${this.#count}`;
  }
}

class PutBack implements fc.Command<Model, Queue> {
  check({ entries }: Model): boolean {
    return entries.length > 0;
  }
  run(_: Model, queue: Queue): void {
    queue.unshift(queue.shift());
  }
  toString(): string {
    return 'put back';
  }
}

class Clear implements fc.Command<Model, Queue> {
  check(): boolean {
    return true;
  }
  run(model: Model, queue: Queue): void {
    const { tail } = queue;
    model.entries = [];
    queue.clear();
    expect([queue.head, queue.tail]).to.deep.equal([tail, tail]);
  }
  toString(): string {
    return 'clear';
  }
}

const commands = fc.commands(
  [
    fc.integer({ min: 1, max: 300 }).map((count) => new Push(count)),
    fc.integer({ min: 1, max: 300 }).map((count) => new Shift(count)),
    fc.constant(new PutBack()),
    fc.constant(new Clear()),
  ],
  { maxCommands: 40 },
);

describe('core/ready-queue', () => {
  it('ReadyQueue gives what an array gives, at positions that only grow', () => {
    // From 0, across the 32-bit boundaries that the masks see, and near the end of the exact integers.
    const start = fc.constantFrom(0, 2 ** 31 - 5, 2 ** 32 - 5, 2 ** 40);
    fc.assert(
      fc.property(start, commands, (position, steps) => {
        const real = new ReadyQueue();
        real.head = real.tail = position;
        fc.modelRun(() => ({ model: { entries: [] }, real }), steps);
      }),
      { numRuns: 100 },
    );
  });

  it('ReadyQueue.unshift() makes room in a full queue', () => {
    const queue = new ReadyQueue();
    const entries = Array.from({ length: 257 }, entry);
    for (const each of entries.slice(1)) queue.push(each);
    queue.unshift(entries[0]!);
    expect(entries.map(() => queue.shift())).to.deep.equal(entries);
  });

  it('ReadyQueue.moveToFront() keeps both orders, and the positions of what it passes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.nat({ max: 300 }), (stay, move) => {
        const queue = new ReadyQueue();
        const staying = Array.from({ length: stay }, entry);
        const moving = Array.from({ length: move }, entry);
        for (const each of [...staying, ...moving]) queue.push(each);
        queue.moveToFront(stay);
        expect([queue.head + move, queue.tail]).to.deep.equal([0, stay]);
        const all = Array.from({ length: stay + move }, () => queue.shift());
        expect(all).to.deep.equal([...moving, ...staying]);
      }),
    );
  });

  it('ReadyQueue.shift() of an empty queue is an InternalError', () => {
    expect(() => new ReadyQueue().shift()).to.throw(InternalError, 'Ready queue is empty at position 0');
  });
});
