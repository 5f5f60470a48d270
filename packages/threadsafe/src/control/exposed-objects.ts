/**
 * What a loop lets other threads use: objects under a name, for anyone who knows it, and objects lent under a number, each to the
 * thread that it was sent to. Both belong to the loop's thread and are touched nowhere else.
 */
import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError } from '@ringloop/core';
import { peekRunningLoop, typeError } from '@ringloop/core/internal';
import { NameTakenError, NotExposedError } from '../errors.js';
import { InboxMemory, thisProducer } from '../inbox-memory.js';
import type { LoopRef } from '../loop-ref.js';
import { isObject } from './proxy.js';

/** A name, or the number of a lent object. */
export type Target = string | number;

interface Lent {
  readonly object: object;
  /** The thread that has the proxy, as a producer. */
  readonly borrower: number;
}

/** This thread's, by loop and by inbox. A closed loop is in neither. */
const byLoop = new WeakMap<BaseEventLoop, ExposedObjects>();
const byInbox = new Map<string, ExposedObjects>();

/** The objects of one loop. */
export class ExposedObjects {
  readonly ref: LoopRef;
  readonly #loop: BaseEventLoop;
  readonly #named = new Map<string, object>();
  readonly #lent = new Map<number, Lent>();
  #lastNumber = 0;

  /** @param ref where calls come from */
  constructor(loop: BaseEventLoop, ref: LoopRef) {
    this.ref = ref;
    this.#loop = loop;
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

  /** @returns the number under which the borrower may use it; each has to be taken back */
  lend(object: object, borrower: number): number {
    const number = ++this.#lastNumber;
    this.#lent.set(number, { object, borrower });
    return number;
  }

  takeBack(number: number): void {
    this.#lent.delete(number);
  }

  /** The thread has ended. */
  forgetBorrower(producer: number): void {
    for (const [number, { borrower }] of this.#lent) if (borrower === producer) this.#lent.delete(number);
  }

  /** @throws {NotExposedError} */
  find(target: Target): object {
    const object = typeof target === 'string' ? this.#named.get(target) : this.#lent.get(target)?.object;
    if (object === undefined) throw this.#notFound(target);
    return object;
  }

  close(): void {
    byLoop.delete(this.#loop);
    byInbox.delete(this.ref.address.id);
    this.#named.clear();
    this.#lent.clear();
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
export function expose(ref: LoopRef, name: string, object: object): Exposure {
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
  for (const objects of byInbox.values()) objects.forgetBorrower(producer);
}
