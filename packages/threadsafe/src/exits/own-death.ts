/**
 * A thread dies of an error that nobody caught. Node then serializes the error for the thread that has started this one, and reads it
 * there, in its own code: where it cannot be read (a WebAssembly.Module hangs on it, or a list that is longer than the other stack is
 * deep) that thread dies as well, and with the main thread all of them. So of such an error the thread ends by itself, with the same exit
 * code, and Node has nothing to send.
 */
import { types } from 'node:util';
import { isBuiltIn, isContainer, isError, isObject } from '../codec/survey.js';

/** Objects in each other, and objects in all, that any thread can read. Arbitrary; 2,000 in each other were too many. */
const DEEPEST = 100;
const MOST = 10_000;

/** Node's exit code of a thread that dies of an error. */
const EXIT_CODE = 1;

/** Within 'uncaughtExceptionMonitor': whether the thread ends of it, because nobody else takes it. */
function isFatal(): boolean {
  return process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback();
}

/** Once a thread, at its start. @param tell tells of the error in a way of our own, first; it does not throw */
export function dieReadably(tell: (thrown: unknown) => void = () => undefined): void {
  process.on('uncaughtExceptionMonitor', (thrown: unknown) => {
    if (!isFatal()) return;
    tell(thrown);
    if (!isReadable(thrown)) process.exit(EXIT_CODE);
  });
}

/** Whether Node's serialization of an uncaught error can surely be read. */
function isReadable(root: unknown): boolean {
  const seen = new Set<object>();
  const toSee = [{ value: root, depth: 0 }];
  for (let next = toSee.pop(); next !== undefined; next = toSee.pop()) {
    const { value, depth } = next;
    // Node shows what is a proxy as text.
    if (!isObject(value) || seen.has(value) || types.isProxy(value)) continue;
    if (depth > DEEPEST || seen.size > MOST) return false;
    seen.add(value);
    const inner = partsOf(value);
    if (inner === null) return false;
    for (const each of inner.reverse()) toSee.push({ value: each, depth: depth + 1 });
  }
  return true;
}

/** Null: it is more than its properties. */
function partsOf(value: object): unknown[] | null {
  if (types.isMap(value)) return [...value].flat();
  if (types.isSet(value)) return [...value];
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || isBuiltIn(value)) return [];
  if (!isError(value) && !isContainer(value)) return null;
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((property): unknown => property.value); // a getter's: none
}
