/**
 * What structured clone would strip of its class, errors and objects of ours, is packed before a message is sent: replaced by a
 * plain object with one key, WIRE. It may stand anywhere in arrays, plain objects, Maps and Sets. The message itself is left
 * alone: what contains something to pack is copied. Cycles, and objects that are met twice, stay what they are.
 */
import { types } from 'node:util';
import { createError, errorParts, type ErrorWire, fillError, sendableOrText } from './error-codec.js';
import { isSendable, reviveSendable, type Sendable, WIRE, type Wire } from './sendable.js';

/** A message as structured clone may carry it. */
export interface Packed {
  readonly value: unknown;
  /** Whether anything was packed: only then is there something to unpack, and WIRE is no key of the user's. */
  readonly packed: boolean;
}

export function pack(value: unknown): Packed {
  if (!isObject(value) || !holdsOurs(value)) return { value, packed: false };
  return { value: new Packer().pack(value), packed: true };
}

/** As `pack()`, and what is thrown arrives whatever it is: as it looks, where it cannot be sent. */
export function packThrown(thrown: unknown): Packed {
  const packer = new Packer();
  return { value: sendableOrText(thrown, packer.pack), packed: true };
}

/** The message again, from a structured clone of what `pack()` gave. In place. */
export function unpack({ value, packed }: Packed): unknown {
  return packed ? new Unpacker().unpack(value) : value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** Not with a proxy, whose handler must not be asked: structured clone refuses it. */
function isOurs(value: object): boolean {
  if (types.isProxy(value)) return false;
  return value instanceof Error || (isSendable(value) && !isPlain(value)); // plain: `toWire()` made it, or a user
}

function holdsOurs(root: object): boolean {
  const seen = new Set([root]);
  // A loop over a Set comes to what is added meanwhile.
  for (const object of seen) {
    if (isOurs(object)) return true;
    if (isContainer(object)) for (const inner of contents(object)) if (isObject(inner)) seen.add(inner);
  }
  return false;
}

function isContainer(object: object): boolean {
  if (types.isProxy(object)) return false;
  return Array.isArray(object) || types.isMap(object) || types.isSet(object) || isPlain(object);
}

/** Of this realm or another's, or without a prototype. */
function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** What getters return as well: they run once more than structured clone would run them. */
function contents(container: object): Iterable<unknown> {
  if (types.isMap(container)) return [...container.keys(), ...container.values()];
  return types.isSet(container) ? container : Object.values(container);
}

/** Errors within errors are followed this far. Arbitrary. */
const DEEPEST_ERROR = 64;

class Packer {
  readonly #copies = new Map<object, unknown>();
  #depth = 0;

  readonly pack = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    if (isOurs(value)) return this.#packOurs(value as Error | Sendable); // isOurs() said so
    if (!isContainer(value)) return value;
    const copy = emptyLike(value);
    this.#copies.set(value, copy); // before its contents: they may lead back to it
    fill(copy, value, this.pack);
    if (!(WIRE in copy)) return copy;
    // It only looks like what we pack.
    const wire: PlainWire = { kind: 'Plain', object: copy };
    const packed = { [WIRE]: wire };
    this.#copies.set(value, packed);
    return packed;
  };

  #packOurs(value: Error | Sendable): unknown {
    if (!(value instanceof Error)) {
      const wire = { [WIRE]: value[WIRE] };
      this.#copies.set(value, wire);
      return wire;
    }
    const wire: ErrorWire = { kind: 'Error' };
    const packed = { [WIRE]: wire };
    this.#copies.set(value, packed);
    this.#depth++;
    Object.assign(wire, errorParts(value, this.#depth > DEEPEST_ERROR ? null : this.pack));
    this.#depth--;
    return packed;
  }
}

function emptyLike(container: object): object {
  if (Array.isArray(container)) return new Array<unknown>(container.length); // holes stay holes
  if (types.isMap(container)) return new Map();
  return types.isSet(container) ? new Set() : {};
}

function fill(copy: object, container: object, pack: (value: unknown) => unknown): void {
  if (copy instanceof Map)
    for (const [key, value] of container as Map<unknown, unknown>) copy.set(pack(key), pack(value));
  else if (copy instanceof Set) for (const value of container as Set<unknown>) copy.add(pack(value));
  else
    for (const key of Object.keys(container))
      define(copy, key, pack((container as Record<string, unknown>)[key]));
}

/** Not by assignment: the key may be __proto__. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** An object of the user's that has a key called WIRE. */
interface PlainWire extends Wire {
  readonly kind: 'Plain';
  readonly object: object;
}

function isPlainWire(wire: Wire): wire is PlainWire {
  return wire.kind === 'Plain';
}

function isErrorWire(wire: Wire): wire is ErrorWire {
  return wire.kind === 'Error';
}

class Unpacker {
  readonly #revived = new Map<object, unknown>();
  /** Containers met so far; each is gone through once, for it may contain itself. */
  readonly #containers = new Set<object>();

  unpack(value: unknown): unknown {
    const root = this.#put(value);
    for (const container of this.#containers) this.#replaceContents(container);
    return root;
  }

  readonly #put = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    if (!isSendable(value)) {
      if (isContainer(value)) this.#containers.add(value);
      return value;
    }
    const known = this.#revived.get(value);
    if (known !== undefined) return known;
    const wire: Wire = value[WIRE];
    if (isPlainWire(wire)) {
      this.#containers.add(wire.object);
      return wire.object;
    }
    if (!isErrorWire(wire)) {
      const object = reviveSendable(wire);
      this.#revived.set(value, object);
      return object;
    }
    const error = createError(wire);
    this.#revived.set(value, error); // before its cause, which may be itself
    fillError(error, wire, this.#put);
    return error;
  };

  #replaceContents(container: object): void {
    if (container instanceof Map) {
      const entries = [...container];
      container.clear(); // in order, whether it was a key or a value that changed
      for (const [key, value] of entries) container.set(this.#put(key), this.#put(value));
    } else if (container instanceof Set) {
      const values = [...container];
      container.clear();
      for (const value of values) container.add(this.#put(value));
    } else {
      const object = container as Record<string, unknown>; // an array is indexed the same way
      for (const key of Object.keys(object)) {
        const before = object[key];
        const after = this.#put(before);
        if (after !== before) define(object, key, after);
      }
    }
  }
}
