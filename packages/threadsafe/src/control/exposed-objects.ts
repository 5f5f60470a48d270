/**
 * The objects that a loop lets other threads use: objects exposed under a name, for every thread that knows it, and
 * objects lent under a number, each to the thread that it was sent to. Both belong to the loop's thread and are used
 * nowhere else.
 */
import { inspect } from 'node:util';
import { type BaseEventLoop, LoopStateError } from '@ringloop/core';
import { creationStack, type Owned, peekRunningLoop, RESOURCES, typeError } from '@ringloop/core/internal';
import { NameTakenError, NotExposedError } from '../errors.js';
import { hasEnded } from '../exits/thread-exits.js';
import { InboxMemory, thisProducer } from '../memory/inbox-memory.js';
import type { CallableLoop } from './callable-loop.js';
import { isObjectOrFunction } from './proxy.js';

/** Stands for no lane: no lane has this number. */
const NO_LANE = -1;

/** The name of an exposed object, or the number of a lent one. */
export type Target = string | number;

interface Lent {
  readonly object: object;
  /**
   * By producer: how often the object has arrived in that thread, less how often the thread has given it back. The
   * count can be negative for a while: one thread may give the object back before another has reported that it lent the
   * object on to it, because the two reports are not ordered. The object is kept while any count is above 0.
   */
  readonly borrowers: Map<number, number>;
}

interface Named {
  readonly object: object;
  readonly sourceTraceback: string | undefined;
}

/** The objects of this thread's loops, by loop and by inbox. A closed loop is in neither. */
const byLoop = new WeakMap<BaseEventLoop, ExposedObjects>();
const byInbox = new Map<string, ExposedObjects>();

/** The objects of one loop. */
export class ExposedObjects {
  readonly ref: CallableLoop;
  readonly #loop: BaseEventLoop;
  readonly #inbox: InboxMemory;
  readonly #named = new Map<string, Named>();
  readonly #lent = new Map<number, Lent>();
  /** The numbers of the lent objects. A thread that gets an object twice gets the same proxy. */
  readonly #numbers = new Map<object, number>();
  #lastNumber = 0;

  /** @param ref a reference to `loop` */
  constructor(loop: BaseEventLoop, ref: CallableLoop) {
    this.ref = ref;
    this.#loop = loop;
    this.#inbox = new InboxMemory(ref.address.memory);
    loop[RESOURCES].addKeeper(() => this.#resources());
    byLoop.set(loop, this);
    byInbox.set(ref.address.id, this);
  }

  /** @throws {NameTakenError} */
  add(name: string, object: object): void {
    if (this.#named.has(name)) {
      throw new NameTakenError(`Cannot expose "${name}" in loop "${this.ref.name}": the name is taken`);
    }
    this.#named.set(name, { object, sourceTraceback: this.#loop.getDebug() ? creationStack() : undefined });
  }

  /** Removes the name, unless it stands for another object by now. */
  remove(name: string, object: object): void {
    if (this.#named.get(name)?.object === object) this.#named.delete(name);
  }

  /**
   * Lends an object. It must be taken back as often as it was lent. @returns the number under which the borrower may
   * use it
   */
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

  /** Counts one more proxy of a lent object in the borrowing thread, which may have one already. */
  lendOn(number: number, borrower: number): void {
    if (this.#inbox.hasOther(NO_LANE, borrower) || !hasEnded(borrower)) this.#count(number, borrower, 1);
  }

  takeBack(number: number, borrower: number, count = 1): void {
    this.#count(number, borrower, -count);
  }

  /** Forgets a borrower that has ended. */
  forgetBorrower(producer: number): void {
    for (const number of [...this.#lent.keys()]) this.#count(number, producer, -Infinity);
  }

  /**
   * Forgets a borrower that has ended, if its lane has been read. If its last calls are still in the lane, the lane's
   * reader does this later.
   */
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

  /** The object. Undefined: there is none, or it was released. */
  peek(target: Target): object | undefined {
    return typeof target === 'string' ? this.#named.get(target)?.object : this.#lent.get(target)?.object;
  }

  close(): void {
    byLoop.delete(this.#loop);
    byInbox.delete(this.ref.address.id);
    this.#named.clear();
    this.#lent.clear();
    this.#numbers.clear();
  }

  *#resources(): Generator<Owned> {
    for (const [shown, { sourceTraceback }] of this.#named)
      yield { kind: 'exposed object', shown, sourceTraceback };
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

/** An object that is exposed under a name, until `close()` is called. */
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

  /** Rejects later calls with NotExposedError; calls that run already go on. Can be repeated. */
  close(): void {
    this.#objects.remove(this.name, this.#object);
  }

  /** Called at the end of `using`: as `close()`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For `util.inspect()` and `console.log()`. */
  [inspect.custom](): string {
    return `<Exposure ${this.name} of ${this.#objects.ref.name}>`;
  }
}

/** Implements `LoopRef.expose()`, and throws what that throws. */
export function expose(ref: CallableLoop, name: string, object: object): Exposure {
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  if (!isObjectOrFunction(object))
    throw typeError(`object must be an object or a function, got ${inspect(object)}`);
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
 * The objects of the running loop: objects that this thread lends are called in that loop.
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

/** Frees what was lent to a thread that has ended. */
export function forgetBorrower(producer: number): void {
  for (const objects of byInbox.values()) objects.borrowerEnded(producer);
}

/** The objects of the loop that has that inbox, if it is one of this thread's and not closed. */
export function localObjectsOf(inboxId: string): ExposedObjects | undefined {
  return byInbox.get(inboxId);
}
