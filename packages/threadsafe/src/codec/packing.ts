/**
 * What structured clone would strip of its class, errors and objects of ours, is packed before a message is sent: replaced by a
 * plain object, its wire. It may stand anywhere in arrays, Maps, Sets, plain objects and instances of classes, which arrive as such. The
 * message itself is left alone: what contains something to pack is copied. Cycles, and objects that are met twice, stay what they are.
 *
 * The wires are listed beside the message, and structured clone keeps what is one object: so nothing in a message can be taken for one.
 */
import { types } from 'node:util';
import {
  createError,
  describeThrown,
  errorParts,
  type ErrorWire,
  fillError,
  looksLikeError,
  textOf,
} from './error-codec.js';
import { isSendable, reviveSendable, WIRE, type Wire } from './sendable.js';
import { isContainer, isCutting, isError, isObject, isPlain, survey, type Survey } from './survey.js';

/** A message as structured clone may carry it. */
export interface Packed {
  readonly value: unknown;
  /** What of it has to be replaced by what it stands for; null: nothing. */
  readonly wires: readonly Wire[] | null;
}

/** A packed message, and what it holds. */
export type Parcel = Packed & Pick<Survey, 'shares' | 'holdsNodes' | 'weightBytes'>;

/** As `pack()`, for the arguments of a call: an array that holds nothing but them. */
export function packArguments(args: readonly unknown[]): Parcel {
  return packReferences(args) ?? pack(args);
}

/**
 * Arguments that are objects of ours, shared memory and primitive values: there is nothing to look for in them. Null: something else is
 * there.
 */
function packReferences(values: readonly unknown[]): Parcel | null {
  if (values.length > MOST_REFERENCES) return null;
  const wires: Wire[] = [];
  const packed: unknown[] = [];
  let shares = false;
  let weightBytes = 0;
  for (const value of values) {
    if (!isObject(value) || isSharedMemory(value)) {
      packed.push(value);
      if (isObject(value)) shares = true;
      else if (typeof value === 'string') weightBytes += value.length;
    } else {
      if (types.isProxy(value) || !isSendable(value)) return null;
      wires.push(value[WIRE]);
      packed.push(value[WIRE]);
    }
  }
  if (wires.length === 0 && !shares) return null;
  return {
    value: packed,
    wires: wires.length === 0 ? null : wires,
    shares: true, // so does every wire
    holdsNodes: false,
    weightBytes,
  };
}

function isSharedMemory(value: object): boolean {
  return types.isSharedArrayBuffer(ArrayBuffer.isView(value) ? value.buffer : value);
}

/** Who a message is for, and so what may hang on an error in it: else it is shown as text. */
export type Receivers =
  /** One: whatever structured clone takes. */
  | 'one'
  /** Many at once: not what only Node can clone. */
  | 'many'
  /** It is to be bytes: nothing that is shared either. */
  | 'bytes';

/** Throws what a getter throws. */
export function pack(value: unknown, receivers: Receivers = 'one'): Parcel {
  const { holdsOurs, holdsCuttings, shares, holdsNodes, weightBytes } = survey(value);
  if (!holdsOurs && !holdsCuttings) return { value, wires: null, shares, holdsNodes, weightBytes };
  const packer = new Packer(receivers);
  const packed = packer.pack(value);
  const wires = packer.wires.length === 0 ? null : packer.wires;
  // Errors are mostly texts: what does not come from them was seen already.
  if (!packer.metMore) return { value: packed, wires, shares, holdsNodes, weightBytes };
  const found = survey(wires === null ? packed : [packed, wires]); // it holds nothing of ours any more
  return { ...found, value: packed, wires };
}

/**
 * As `pack()`, and what is thrown arrives whatever it is: as it looks, where it cannot be sent. Never throws.
 */
export function packThrown(thrown: unknown, receivers: Receivers = 'one'): Packed {
  try {
    const packer = new Packer(receivers);
    const value = looksLikeError(thrown) ? packer.packError(thrown) : packer.sendableOrText(thrown);
    const packed: Packed = { value, wires: packer.wires.length === 0 ? null : packer.wires };
    structuredClone(packed);
    return packed;
  } catch {
    // What could be sent part by part cannot be as a whole, or changes from one look to the next.
    return packDescribed(thrown);
  }
}

/** What `packThrown()` gives where nothing can be trusted: texts. */
function packDescribed(thrown: unknown): Packed {
  if (!looksLikeError(thrown)) return { value: textOf(thrown), wires: null };
  const wire: ErrorWire = { kind: 'Error', ...describeThrown(thrown) };
  return { value: wire, wires: [wire] };
}

/** The message again, from a structured clone of what `pack()` gave. In place. */
export function unpack({ value, wires }: Packed): unknown {
  return wires === null ? value : new Unpacker().unpack(value, wires);
}

/** One value that stands for both: `unpackMessage()` takes it apart. */
export function messageOf({ value, wires }: Packed): unknown {
  return wires === null ? value : [value, wires];
}

/** @param isPacked whether `messageOf()` was given wires */
export function unpackMessage(message: unknown, isPacked: boolean): unknown {
  if (!isPacked) return message;
  const [value, wires] = message as [unknown, Wire[]]; // as messageOf() wrote it
  return unpack({ value, wires });
}

/** Arbitrary: more than a call has arguments. */
const MOST_REFERENCES = 16;

/** Errors within errors are followed this far. Arbitrary. */
const DEEPEST_ERROR = 64;

/**
 * What hangs on an error goes as text if it is deeper: structured clone reads by recursion, and the thread that is to be told of
 * the error may have less of a stack than the one that sends it. Arbitrary; a list of 2,000 nodes is too long for the main thread.
 */
const DEEPEST_PART = 100;

/** Elements of a list of errors that are looked at one by one. Arbitrary. */
const MOST_APART = 1 << 16;

class Packer {
  /** What was packed, to be replaced where it arrives. */
  readonly wires: Wire[] = [];
  /** Whether something came along that stands in no container of the message. */
  metMore = false;
  readonly #receivers: Receivers;
  readonly #copies = new Map<object, unknown>();
  /** Copies that are empty yet: filled one after the other, for a list may be longer than the stack is deep. */
  #unfilled: { readonly copy: object; readonly of: object }[] = [];
  #depth = 0;

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
  }

  /** What crosses instead of `value`. */
  pack(value: unknown): unknown {
    const outer = this.#unfilled;
    this.#unfilled = [];
    try {
      const packed = this.#copy(value);
      for (let next = this.#unfilled.pop(); next !== undefined; next = this.#unfilled.pop()) {
        fill(next.copy, next.of, this.#copy);
      }
      return packed;
    } finally {
      this.#unfilled = outer;
    }
  }

  /** What crosses instead of an error, or of what looks like one. */
  packError(error: object): Wire {
    const wire: ErrorWire = { kind: 'Error' };
    this.#put(error, wire); // before its cause, which may be itself
    this.#depth++;
    Object.assign(wire, errorParts(error, this.#depth > DEEPEST_ERROR ? null : this.sendableOrText));
    this.#depth--;
    return wire;
  }

  /** The value packed, or how it looks where it cannot be sent: an error must arrive, whatever hangs on it. */
  readonly sendableOrText = (value: unknown): unknown => {
    if (typeof value === 'function' || typeof value === 'symbol') return textOf(value);
    if (!isObject(value)) return value;
    if (types.isProxy(value)) return textOf(value);
    if (isError(value)) return this.pack(value);
    this.metMore = true;
    const packed = this.#trySendable(value);
    if (packed !== NOT_SENDABLE) return packed;
    return Array.isArray(value) && value.length <= MOST_APART ? this.#eachOrText(value) : textOf(value);
  };

  /** One error that cannot be sent must not take the others with it. */
  #eachOrText(values: readonly unknown[]): unknown {
    try {
      return Array.from(values, this.sendableOrText);
    } catch {
      return textOf(values); // a getter has thrown
    }
  }

  #trySendable(value: object): unknown {
    const wiresBefore = this.wires.length;
    const copiesBefore = this.#copies.size;
    try {
      const packed = this.pack(value);
      if (!isDeep(packed) && this.#isForAll(packed)) {
        structuredClone(packed);
        return packed;
      }
    } catch {
      // Refused, or a getter has thrown.
    }
    // As if it had never been seen: what was made of its parts may stand for something that cannot be sent.
    this.wires.length = wiresBefore;
    for (const object of [...this.#copies.keys()].slice(copiesBefore)) this.#copies.delete(object);
    return NOT_SENDABLE;
  }

  #isForAll(packed: unknown): boolean {
    if (this.#receivers === 'one') return true;
    const { holdsNodes, shares } = survey(packed);
    return !holdsNodes && !(shares && this.#receivers === 'bytes');
  }

  readonly #copy = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) return known;
    if (types.isProxy(value)) return value; // structured clone refuses it
    if (isError(value)) return this.packError(value);
    // A copy: the wire itself may stand elsewhere in the message, as what `toWire()` gave.
    if (isSendable(value)) {
      this.metMore = true;
      return this.#put(value, { ...value[WIRE] });
    }
    if (ArrayBuffer.isView(value)) return isCutting(value) ? this.#cut(value) : value;
    if (!isFillable(value)) return value;
    const copy = emptyLike(value);
    this.#copies.set(value, copy); // before its contents: they may lead back to it
    this.#unfilled.push({ copy, of: value });
    return copy;
  };

  #put(value: object, wire: Wire): Wire {
    this.#copies.set(value, wire);
    this.wires.push(wire);
    return wire;
  }

  #cut(view: ArrayBufferView): Uint8Array {
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice();
    this.#copies.set(view, bytes);
    return bytes;
  }
}

const NOT_SENDABLE = Symbol('not sendable');

function isFillable(object: object): boolean {
  return types.isMap(object) || types.isSet(object) || isContainer(object);
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

/** Whether structured clone, which goes from each object to the first in it, would be so deep in it. */
function isDeep(root: unknown): boolean {
  const seen = new Set<object>();
  const toSee = [{ value: root, depth: 0 }];
  for (let next = toSee.pop(); next !== undefined; next = toSee.pop()) {
    const { value, depth } = next;
    if (!isObject(value) || seen.has(value)) continue;
    if (depth > DEEPEST_PART) return true;
    seen.add(value);
    for (const inner of contentsOf(value).reverse()) toSee.push({ value: inner, depth: depth + 1 });
  }
  return false;
}

/** What is in a packed message, or in one that has arrived. */
function contentsOf(value: object): unknown[] {
  if (types.isProxy(value)) return [];
  if (types.isMap(value)) return [...value].flat();
  if (types.isSet(value)) return [...value];
  return Array.isArray(value) || isPlain(value) ? Object.values(value) : [];
}

function isErrorWire(wire: Wire): wire is ErrorWire {
  return wire.kind === 'Error';
}

class Unpacker {
  readonly #revived = new Map<unknown, unknown>();
  /** Containers met so far; each is gone through once, for it may contain itself. */
  readonly #containers = new Set<object>();

  unpack(value: unknown, wires: readonly Wire[]): unknown {
    const errors: { readonly error: Error; readonly wire: ErrorWire }[] = [];
    for (const wire of wires) {
      if (this.#revived.has(wire)) continue;
      if (isErrorWire(wire)) {
        const error = createError(wire);
        errors.push({ error, wire });
        this.#revived.set(wire, error);
      } else this.#revived.set(wire, reviveSendable(wire));
    }
    // Now that all of them are there: a cause may be the error itself.
    for (const { error, wire } of errors) fillError(error, wire, this.#put);
    const root = this.#put(value);
    for (const container of this.#containers) this.#replaceContents(container);
    return root;
  }

  readonly #put = (value: unknown): unknown => {
    if (!isObject(value)) return value;
    const revived = this.#revived.get(value);
    if (revived !== undefined) return revived;
    this.#containers.add(value);
    return value;
  };

  #replaceContents(container: object): void {
    if (types.isMap(container)) {
      const entries = [...container];
      container.clear(); // in order, whether it was a key or a value that changed
      for (const [key, value] of entries) container.set(this.#put(key), this.#put(value));
    } else if (types.isSet(container)) {
      const values = [...container];
      container.clear();
      for (const value of values) container.add(this.#put(value));
    } else if (Array.isArray(container) || isPlain(container)) {
      const object = container as Record<string, unknown>; // an array is indexed the same way
      for (const key of Object.keys(object)) {
        const before = object[key];
        const after = this.#put(before);
        if (after !== before) define(object, key, after);
      }
    }
  }
}
