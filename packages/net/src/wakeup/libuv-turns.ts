/**
 * Calls listeners each time this thread's libuv loop has polled, whatever woke it. They run in an immediate, which is
 * libuv's check phase. The immediate arms itself again. It is unreferenced, so it neither keeps the process alive nor
 * keeps libuv from sleeping.
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
    // Re-arm last: the thread that woke this one waits for what the listeners do. They may have changed the listeners.
    if (listeners.size > 0) immediate ??= setImmediate(turn).unref();
  }
}

/** Calls all listeners, even if one of them throws. */
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
