/**
 * What a message holds, found out in one walk before it is sent: this decides how it is packed and which way it goes.
 *
 * The serializer of node:v8 writes bytes, and is no match for structured clone where an object is more than its properties: what only
 * Node can clone (Blob, KeyObject, …) it writes as `{}` since Node 21, without a word, and a WebAssembly.Module so that nobody can read it.
 * There is no list of such classes, and no Node has the same ones. So the first object of each class is asked for: if structured clone
 * makes a plain object of it, it is a class of a user, whose objects are bytes; of all else structured clone itself must decide.
 */
import { types } from 'node:util';
import { isSendable } from './sendable.js';

/** What was found. */
export interface Survey {
  /** Something that structured clone would strip: see packing.ts. */
  readonly holdsOurs: boolean;
  /** Shared memory: it can be posted, and cannot be bytes. */
  readonly shares: boolean;
  /** What only Node can clone, or refuses: it cannot be bytes, and can be posted to one receiver only. */
  readonly holdsNodes: boolean;
  /** A Buffer that is a part of somebody's larger memory. */
  readonly holdsCuttings: boolean;
  /** About how much memory it takes beside its objects: bytes and characters. */
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
  // A loop over a Set comes to what is added meanwhile.
  for (const object of seen) {
    if (types.isProxy(object)) continue; // its handler must not be asked: structured clone refuses it
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

/** Of whatever realm, a DOMException, or what somebody has given the prototype of one. It must be no proxy. */
export function isError(object: object): object is Error {
  return types.isNativeError(object) || object instanceof Error;
}

/** Whether structured clone would send more of it than it shows: Node cuts small Buffers from a pool with other people's data. */
export function isCutting(view: ArrayBufferView): boolean {
  return (
    Buffer.isBuffer(view) && view.byteLength !== view.buffer.byteLength && types.isArrayBuffer(view.buffer)
  );
}

/** Whether structured clone looks at its properties, and makes a plain object or an array of it. It must be no proxy. */
export function isContainer(object: object): boolean {
  return Array.isArray(object) || isPlain(object) || (!isBuiltIn(object) && isOfUser(object));
}

/** Of this realm or another's, or without a prototype. */
export function isPlain(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object | null;
  if (prototype === null || prototype === Object.prototype) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

/** What structured clone knows by its kind, and the serializer writes the same way. */
export function isBuiltIn(object: object): boolean {
  return types.isDate(object) || types.isRegExp(object) || types.isBoxedPrimitive(object);
}

const classes = new WeakMap<object, boolean>();

function isOfUser(object: object): boolean {
  const prototype = Object.getPrototypeOf(object) as object; // plain objects were sorted out
  const known = classes.get(prototype);
  if (known !== undefined) return known;
  let clone: object;
  try {
    clone = structuredClone(object);
  } catch {
    return false; // of a class that is refused, or it holds something that is: whoever posts it is told
  }
  const isUsers = isPlain(clone);
  classes.set(prototype, isUsers);
  return isUsers;
}
