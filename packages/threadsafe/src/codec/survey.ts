/**
 * Surveys a message in one walk before it is sent. The result decides how the message is packed and by which way it is
 * sent.
 *
 * The serializer of node:v8 writes bytes, but it loses objects that are more than their properties. Since Node 21 it
 * silently writes what only Node can clone (Blob, KeyObject, …) as `{}`, and it writes a WebAssembly.Module in a form
 * that nobody can read. No list of such classes exists, and they differ between versions of Node. So the first object
 * of each class is tested: if structured clone makes a plain object of it, it is a user's class and its objects can be
 * bytes. For all others, structured clone itself must decide.
 */
import { types } from 'node:util';
import { isSendable } from './sendable.js';

/** What the walk found. */
export interface Survey {
  /** An error or an object of ours, which structured clone would strip of its class: see packing.ts. */
  readonly holdsOurs: boolean;
  /** Shared memory. It can be posted but cannot be bytes. */
  readonly shares: boolean;
  /**
   * Something that only Node can clone, or that Node refuses. It cannot be bytes, and can be posted to one receiver
   * only.
   */
  readonly holdsNodes: boolean;
  /** A Buffer that is a part of a larger memory, which others may use. */
  readonly holdsCuttings: boolean;
  /** Approximate size of its contents, in bytes and characters. The objects themselves are not counted. */
  readonly weightBytes: number;
}

const NOTHING: Survey = {
  holdsOurs: false,
  shares: false,
  holdsNodes: false,
  holdsCuttings: false,
  weightBytes: 0,
};

export function survey(root: unknown): Survey {
  if (typeof root === 'string') return { ...NOTHING, weightBytes: root.length };
  if (!isObject(root)) return NOTHING;
  let holdsOurs = false;
  let shares = false;
  let holdsNodes = false;
  let holdsCuttings = false;
  let weightBytes = 0;
  const seen = new Set([root]);
  const look = (inner: unknown): void => {
    if (isObject(inner)) seen.add(inner);
    else if (typeof inner === 'string') weightBytes += inner.length;
  };
  // A loop over a Set also visits values that are added meanwhile.
  for (const object of seen) {
    if (types.isProxy(object)) continue; // must not call its handler; structured clone refuses a Proxy anyway
    if (isError(object) || isSendable(object)) holdsOurs = true;
    else if (ArrayBuffer.isView(object)) {
      if (isCutting(object)) {
        holdsCuttings = true;
        weightBytes += object.byteLength;
      } else look(object.buffer);
    } else if (types.isSharedArrayBuffer(object)) shares = true;
    else if (types.isArrayBuffer(object)) weightBytes += object.byteLength;
    else if (types.isMap(object)) {
      for (const [key, value] of object) {
        look(key);
        look(value);
      }
    } else if (types.isSet(object)) for (const value of object) look(value);
    else if (isContainer(object)) for (const value of Object.values(object)) look(value);
    else if (!isBuiltIn(object)) holdsNodes = true;
  }
  return { holdsOurs, shares, holdsNodes, holdsCuttings, weightBytes };
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/**
 * Whether it is an Error of any realm, a DOMException, or an object with such a prototype. `object` must not be a
 * Proxy.
 */
export function isError(object: object): object is Error {
  return types.isNativeError(object) || object instanceof Error;
}

/**
 * Whether structured clone would send more bytes than the view shows: Node cuts small Buffers from a pool that holds
 * others' data.
 */
export function isCutting(view: ArrayBufferView): boolean {
  return (
    Buffer.isBuffer(view) && view.byteLength !== view.buffer.byteLength && types.isArrayBuffer(view.buffer)
  );
}

/**
 * Whether structured clone reads its properties and makes a plain object or an array of it. `object` must not be a
 * Proxy.
 */
export function isContainer(object: object): boolean {
  return Array.isArray(object) || isPlain(object) || (!isBuiltIn(object) && isOfUser(object));
}

/** Whether its prototype is null or the Object.prototype of any realm. */
export function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** Whether structured clone recognizes its kind, and the serializer of node:v8 writes it in the same way. */
export function isBuiltIn(object: object): boolean {
  return types.isDate(object) || types.isRegExp(object) || types.isBoxedPrimitive(object);
}

const classes = new WeakMap<object, boolean>();

function isOfUser(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object; // not null: isContainer() has sorted plain objects out
  const known = classes.get(prototype);
  if (known !== undefined) return known;
  let clone: object;
  try {
    clone = structuredClone(object);
  } catch {
    return false; // Its class is refused, or it holds something that is. Posting it reports the error.
  }
  const isUsers = isPlain(clone);
  classes.set(prototype, isUsers);
  return isUsers;
}
