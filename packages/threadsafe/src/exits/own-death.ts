/**
 * Ends a thread that dies of an uncaught error in a way that is safe for its spawner. Node serializes such an error,
 * and the spawner reads it in code of Node's. If it cannot be read (it holds a WebAssembly.Module, or a list that is
 * longer than the other stack is deep), the spawner dies as well, and if that is the main thread, so do all others. So
 * a thread with such an error exits by itself, with the same exit code, and Node has nothing to send.
 */
import { types } from 'node:util';
import { isBuiltIn, isContainer, isError, isObject } from '../codec/survey.js';

/** Levels of nested objects, and number of objects, that any thread can read. Arbitrary; 2,000 levels were too many. */
const DEEPEST = 100;
const MOST = 10_000;

/** Node's exit code of a thread that dies of an error. */
const EXIT_CODE = 1;

/** Whether the thread will end because nobody handles the error. Only valid within 'uncaughtExceptionMonitor'. */
function isFatal(): boolean {
  return process.listenerCount('uncaughtException') === 0 && !process.hasUncaughtExceptionCaptureCallback();
}

/**
 * Must be called once in a thread, at its start. @param tell is called first and reports the error in our own way; it
 * does not throw
 */
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
    // Node shows a Proxy as text.
    if (!isObject(value) || seen.has(value) || types.isProxy(value)) continue;
    if (depth > DEEPEST || seen.size > MOST) return false;
    seen.add(value);
    const inner = partsOf(value);
    if (inner === null) return false;
    for (const each of inner.reverse()) toSee.push({ value: each, depth: depth + 1 });
  }
  return true;
}

/** The values directly inside an object. Null: the object is more than its properties. */
function partsOf(value: object): unknown[] | null {
  if (types.isMap(value)) return [...value].flat();
  if (types.isSet(value)) return [...value];
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value) || isBuiltIn(value)) return [];
  if (!isError(value) && !isContainer(value)) return null;
  // A getter has no value: it gives undefined.
  return Object.values(Object.getOwnPropertyDescriptors(value)).map((property): unknown => property.value);
}
