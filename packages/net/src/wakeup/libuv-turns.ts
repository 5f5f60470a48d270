/**
 * Calls functions each time this thread's libuv loop has polled, whatever woke it. They run in an immediate, in libuv's check phase,
 * that arms itself again; it is unreferenced, so it neither keeps the process alive nor keeps libuv from sleeping.
 */

const listeners = new Set<() => void>();
let immediate: NodeJS.Immediate | null = null;

export function addTurnListener(listener: () => void): void {
  listeners.add(listener);
  immediate ??= setImmediate(turn).unref();
}

export function removeTurnListener(listener: () => void): void {
  listeners.delete(listener);
  if (listeners.size > 0 || immediate === null) return;
  clearImmediate(immediate);
  immediate = null;
}

function turn(): void {
  immediate = null;
  try {
    callAll(listeners.values());
  } finally {
    // Last: whoever has woken this thread waits for what the listeners do. They may have been changed meanwhile.
    if (listeners.size > 0) immediate ??= setImmediate(turn).unref();
  }
}

/** What one of them throws does not keep the others from being called. */
function callAll(rest: Iterator<() => void, undefined>): void {
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    try {
      next.value();
    } catch (thrown) {
      callAll(rest);
      throw thrown;
    }
  }
}
