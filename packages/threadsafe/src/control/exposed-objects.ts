/**
 * What a loop lets other threads use: objects under a name, for anyone who knows it, and objects lent under a number, each to the
 * thread that it was sent to. Both belong to the loop's thread and are touched nowhere else.
 */
import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError } from '@ringloop/core';
import { peekRunningLoop, typeError } from '@ringloop/core/internal';
import { NameTakenError, NotExposedError } from '../errors.js';
import { hasEnded } from '../exits/thread-exits.js';
import { InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import type { CallableLoop } from './callable-loop.js';
import { isObject } from './proxy.js';

/** No lane has this number. */
const NO_LANE = -1;

/** A name, or the number of a lent object. */
export type Target = string | number;

interface Lent {
  readonly object: object;
  /**
   * How often it has arrived in each thread, as a producer, that has proxies of it, less what that has given back. Below 0 where it was
   * given back before whoever lent it on has said so: two threads tell by ways of their own. It is kept while any is above 0.
   */
  readonly borrowers: Map<number, number>;
}

/** This thread's, by loop and by inbox. A closed loop is in neither. */
const byLoop = new WeakMap<BaseEventLoop, ExposedObjects>();
const byInbox = new Map<string, ExposedObjects>();

/** The objects of one loop. */
export class ExposedObjects {
  readonly ref: CallableLoop;
  readonly #loop: BaseEventLoop;
  readonly #inbox: InboxMemory;
  readonly #named = new Map<string, object>();
  readonly #lent = new Map<number, Lent>();
  /** The numbers of what is lent: who gets an object twice gets the same proxy. */
  readonly #numbers = new Map<object, number>();
  #lastNumber = 0;

  /** @param ref where calls come from */
  constructor(loop: BaseEventLoop, ref: CallableLoop) {
    this.ref = ref;
    this.#loop = loop;
    this.#inbox = new InboxMemory(ref.address.memory);
    byLoop.set(loop, this);
    byInbox.set(ref.address.id, this);
  }

  /** Objects that are lent now. */
  get lentCount(): number {
    return this.#lent.size;
  }

  /** @throws {NameTakenError} */
  add(name: string, object: object): void {
    if (this.#named.has(name)) {
      throw new NameTakenError(`Cannot expose "${name}" in loop "${this.ref.name}": the name is taken`);
    }
    this.#named.set(name, object);
  }

  /** Forgets the name, unless it stands for something else by now. */
  remove(name: string, object: object): void {
    if (this.#named.get(name) === object) this.#named.delete(name);
  }

  /** @returns the number under which the borrower may use it; it has to be taken back as often as it was lent */
  lend(object: object, borrower: number): number {
    let number = this.#numbers.get(object);
    if (number === undefined) {
      number = ++this.#lastNumber;
      this.#numbers.set(object, number);
      this.#lent.set(number, { object, borrowers: new Map() });
    }
    this.lendOn(number, borrower);
    return number;
  }

  /** One more thread gets a proxy, of what is lent; or one that has one gets it again. */
  lendOn(number: number, borrower: number): void {
    if (this.#inbox.hasOther(NO_LANE, borrower) || !hasEnded(borrower)) this.#count(number, borrower, 1);
  }

  takeBack(number: number, borrower: number, count = 1): void {
    this.#count(number, borrower, -count);
  }

  /** The thread has ended. */
  forgetBorrower(producer: number): void {
    for (const number of [...this.#lent.keys()]) this.#count(number, producer, -Infinity);
  }

  /** The thread has ended, and what it has called has run, unless that is still in its lane: who reads that to the end tells. */
  borrowerEnded(producer: number): void {
    if (!this.#inbox.hasOther(NO_LANE, producer)) this.forgetBorrower(producer);
  }

  #count(number: number, borrower: number, change: number): void {
    const lent = this.#lent.get(number);
    if (lent === undefined) return;
    const { borrowers, object } = lent;
    const count = (borrowers.get(borrower) ?? 0) + change;
    if (count === 0 || change === -Infinity) borrowers.delete(borrower);
    else borrowers.set(borrower, count);
    for (const left of borrowers.values()) if (left > 0) return;
    this.#lent.delete(number);
    this.#numbers.delete(object);
  }

  /** @throws {NotExposedError} */
  find(target: Target): object {
    const object = this.peek(target);
    if (object === undefined) throw this.#notFound(target);
    return object;
  }

  /** Undefined: there is none, or not any more. */
  peek(target: Target): object | undefined {
    return typeof target === 'string' ? this.#named.get(target) : this.#lent.get(target)?.object;
  }

  close(): void {
    byLoop.delete(this.#loop);
    byInbox.delete(this.ref.address.id);
    this.#named.clear();
    this.#lent.clear();
    this.#numbers.clear();
  }

  #notFound(target: Target): NotExposedError {
    if (typeof target === 'number') {
      return new NotExposedError(
        `Cannot call an object that loop "${this.ref.name}" had lent: it was released`,
      );
    }
    const names = [...this.#named.keys()].map((name) => `"${name}"`).join(', ');
    return new NotExposedError(
      `Cannot find "${target}": loop "${this.ref.name}" exposes ${names === '' ? 'nothing' : names}`,
    );
  }
}

/** An object that is exposed under a name, until `close()`. */
export class Exposure {
  readonly name: string;
  readonly #objects: ExposedObjects;
  readonly #object: object;

  /** @internal */
  constructor(name: string, object: object, objects: ExposedObjects) {
    this.name = name;
    this.#object = object;
    this.#objects = objects;
    objects.add(name, object);
  }

  /** Calls that come from now on reject with NotExposedError; those that run already go on. Can be repeated. */
  close(): void {
    this.#objects.remove(this.name, this.#object);
  }

  /** The end of `using`: as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<Exposure ${this.name} of ${this.#objects.ref.name}>`;
  }
}

/** What `LoopRef.expose()` does, and throws. */
export function expose(ref: CallableLoop, name: string, object: object): Exposure {
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  if (!isObject(object)) throw typeError(`object must be an object or a function, got ${inspect(object)}`);
  const objects = byInbox.get(ref.address.id);
  if (objects !== undefined) return new Exposure(name, object, objects);
  if (new InboxMemory(ref.address.memory).owner === thisProducer) {
    throw new LoopStateError(
      `Cannot expose "${name}" in loop "${ref.name}": Event loop is closed`,
      'ERR_LOOP_CLOSED',
    );
  }
  throw new LoopStateError(
    `Cannot expose "${name}" in loop "${ref.name}": it belongs to another thread, which must do it`,
    'ERR_OTHER_LOOP',
  );
}

/** The objects of a loop of this thread, unless it is closed. */
export function exposedObjectsOf(loop: BaseEventLoop): ExposedObjects | undefined {
  return byLoop.get(loop);
}

/**
 * The objects of the loop that runs here: where what is lent by this thread is called.
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 */
export function runningObjects(): ExposedObjects {
  const loop = peekRunningLoop();
  const objects = loop === null ? undefined : exposedObjectsOf(loop);
  if (objects !== undefined) return objects;
  throw new LoopStateError(
    'Cannot send a proxy: no loop runs in this thread that others could call',
    'ERR_NO_RUNNING_LOOP',
  );
}

/** This thread learns that another one has ended: what was lent to it is free. */
export function forgetBorrower(producer: number): void {
  for (const objects of byInbox.values()) objects.borrowerEnded(producer);
}

/** The objects of the loop that has that inbox, if it is one of this thread's and not closed. */
export function localObjectsOf(inboxId: string): ExposedObjects | undefined {
  return byInbox.get(inboxId);
}
