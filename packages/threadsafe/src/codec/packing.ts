/**
 * Packs errors and objects of ours before a message is sent, because structured clone would strip them of their class.
 * Each is replaced by a plain object, its wire. They may be anywhere in arrays, Maps, Sets, plain objects and instances
 * of classes. The message itself is not changed: containers with something to pack are copied. Cycles and repeated
 * references are preserved.
 *
 * The wires are listed beside the message, and structured clone preserves identity. So the receiver recognizes wires by
 * identity, and no value of the user can be mistaken for one.
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

/** A message in the form that structured clone can carry. */
export interface Packed {
  readonly value: unknown;
  /** The wires in it, which the receiver has to replace by the objects they stand for; null: there are none. */
  readonly wires: readonly Wire[] | null;
}

/** A packed message and the result of its survey. */
export type Parcel = Packed & Pick<Survey, 'shares' | 'holdsNodes' | 'weightBytes'>;

/** As `pack()`, for the array of a call's arguments. */
export function packArguments(args: readonly unknown[]): Parcel {
  return packReferences(args) ?? pack(args);
}

/**
 * The fast path: packs arguments that are all objects of ours, shared memory or primitive values, so that none must be
 * searched. Null: there is some other argument, or nothing to pack.
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
    shares: true, // every wire holds shared memory too
    holdsNodes: false,
    weightBytes,
  };
}

function isSharedMemory(value: object): boolean {
  return types.isSharedArrayBuffer(ArrayBuffer.isView(value) ? value.buffer : value);
}

/** The receivers of a message. They decide which properties of an error are sent; the others are sent as text. */
export type Receivers =
  /** One receiver: all that structured clone accepts. */
  | 'one'
  /** Many receivers at once: nothing that only Node can clone. */
  | 'many'
  /** The message will be bytes: nothing shared either. */
  | 'bytes';

/** Packs a message. Throws what a getter of the message throws. */
export function pack(value: unknown, receivers: Receivers = 'one'): Parcel {
  const { holdsOurs, holdsCuttings, shares, holdsNodes, weightBytes } = survey(value);
  if (!holdsOurs && !holdsCuttings) return { value, wires: null, shares, holdsNodes, weightBytes };
  const packer = new Packer(receivers);
  const packed = packer.pack(value);
  const wires = packer.wires.length === 0 ? null : packer.wires;
  // The properties of errors are mostly text. Without others, the first survey still holds.
  if (!packer.metMore) return { value: packed, wires, shares, holdsNodes, weightBytes };
  const found = survey(wires === null ? packed : [packed, wires]); // `holdsOurs` is false by now
  return { ...found, value: packed, wires };
}

/** As `pack()`, for a thrown value, which must arrive: parts that cannot be sent are sent as text. Never throws. */
export function packThrown(thrown: unknown, receivers: Receivers = 'one'): Packed {
  try {
    const packer = new Packer(receivers);
    const value = looksLikeError(thrown) ? packer.packError(thrown) : packer.sendableOrText(thrown);
    const packed: Packed = { value, wires: packer.wires.length === 0 ? null : packer.wires };
    structuredClone(packed);
    return packed;
  } catch {
    // Each part could be sent, but not the whole; or a getter returns something else each time.
    return packDescribed(thrown);
  }
}

/** The fallback of `packThrown()` when no property can be trusted: text only. */
function packDescribed(thrown: unknown): Packed {
  if (!looksLikeError(thrown)) return { value: textOf(thrown), wires: null };
  const wire: ErrorWire = { kind: 'Error', ...describeThrown(thrown) };
  return { value: wire, wires: [wire] };
}

/** Restores the message from a structured clone of what `pack()` returned. Works in place. */
export function unpack({ value, wires }: Packed): unknown {
  return wires === null ? value : new Unpacker().unpack(value, wires);
}

/** Value and wires as one value, for `unpackMessage()`. */
export function messageOf({ value, wires }: Packed): unknown {
  return wires === null ? value : [value, wires];
}

/** The wires in a message that was packed with any. */
export function wiresOf(message: unknown): readonly Wire[] {
  return (message as [unknown, Wire[]])[1]; // as messageOf() wrote it
}

/** Restores a message from the value of `messageOf()`. @param isPacked whether there were wires */
export function unpackMessage(message: unknown, isPacked: boolean): unknown {
  if (!isPacked) return message;
  const [value, wires] = message as [unknown, Wire[]]; // as messageOf() wrote it
  return unpack({ value, wires });
}

/** Arguments up to which the fast path is tried. Arbitrary: calls rarely have more. */
const MOST_REFERENCES = 16;

/** Levels of errors within errors that are packed. Arbitrary. */
const DEEPEST_ERROR = 64;

/**
 * A property of an error that is nested deeper is sent as text: structured clone reads recursively, and the receiving
 * thread may have a smaller stack than the sending one. Arbitrary; a list of 2,000 nodes is too long for the main
 * thread.
 */
const DEEPEST_PART = 100;

/** Longest array in an error whose elements are packed one by one. Arbitrary. */
const MOST_APART = 1 << 16;

class Packer {
  /** The wires made so far, which the receiver replaces. */
  readonly wires: Wire[] = [];
  /** Whether an object was packed whose contents the first survey has not seen. */
  metMore = false;
  readonly #receivers: Receivers;
  readonly #copies = new Map<object, unknown>();
  /**
   * Copies that are still empty. They are filled in a loop, not by recursion: a list may be longer than the stack is
   * deep.
   */
  #unfilled: { readonly copy: object; readonly of: object }[] = [];
  #depth = 0;

  constructor(receivers: Receivers) {
    this.#receivers = receivers;
  }

  /** Returns what is sent in place of `value`. */
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

  /** Returns what is sent in place of an error, or of something that looks like one. */
  packError(error: object): Wire {
    const wire: ErrorWire = { kind: 'Error' };
    this.#put(error, wire); // before its cause: an error may be its own cause
    this.#depth++;
    Object.assign(wire, errorParts(error, this.#depth > DEEPEST_ERROR ? null : this.sendableOrText));
    this.#depth--;
    return wire;
  }

  /** Packs the value, or shows it as text if it cannot be sent: an error must arrive, whatever its properties are. */
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
      // Structured clone refuses it, or a getter has thrown.
    }
    // Forget all of it: copies of its parts may contain something that cannot be sent.
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
    // Copy the wire: the original may also be in the message, as the result of `toWire()`.
    if (isSendable(value)) {
      this.metMore = true;
      return this.#put(value, { ...value[WIRE] });
    }
    if (ArrayBuffer.isView(value)) return isCutting(value) ? this.#cut(value) : value;
    if (!isFillable(value)) return value;
    const copy = emptyLike(value);
    this.#copies.set(value, copy); // before its contents: they may contain it
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

/** Defines a property. Assignment would fail for the key `__proto__`. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
}

/** Whether a depth-first walk, as structured clone does it, goes deeper than DEEPEST_PART. */
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

/** The values directly inside a container of a packed or received message. */
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
  /** Containers found so far. Each is visited once, because it may contain itself. */
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
    // Only after all errors exist: a cause may be the error itself.
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
      container.clear(); // clear and refill, so that the order stays when a key is replaced
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
