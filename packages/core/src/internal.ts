// For sibling packages only.
export { abort, newAbortController } from './abort.js';
export { captureContext, type Context, mustEnter, runApart, runInContext } from './context.js';
export { checkCallback, checkTime } from './check-callback.js';
export { creationStack } from './debug/creation-stack.js';
export { defaultExceptionHandler } from './exception-handler.js';
export { endsTheLoop, isError, rangeError, toError, typeError } from './errors.js';
export { type Callback, Handle } from './handle.js';
export type { Inbox, InboxOwner, OpenInbox } from './ports/inbox.js';
export { type Sendable, WIRE, type Wire } from './ports/sendable.js';
export { deadlockOf, waitsForThreads } from './debug/deadlock.js';
export {
  END_RUN,
  ENQUEUE,
  HANDLE_LOOP,
  isStopFunction,
  NEXT_DEADLINE,
  OUTSIDE,
  RESOURCES,
  type StopFunction,
  TAKES_SIGNALS,
  UNRETRIEVED,
} from './loop-internals.js';
export { inheritMemory, peekInherited } from './memory/inherited-memory.js';
export { inspectSafely } from './debug/inspect-safely.js';
export { NodeHost } from './ports/node-host.js';
export { promiseWithResolvers, type PromiseWithResolvers } from './promise-with-resolvers.js';
export { type Copy, PROTOCOL, shared, show, thisCopy } from './process-registry.js';
export type { Owned, ResourceKeeper } from './resources.js';
export { type Ready, RUN } from './ready-queue.js';
export { Unretrieved } from './debug/unretrieved.js';
export { watchResult } from './watch-result.js';
export { windUp } from './wind-up.js';
export { startCoroutine } from './running-coroutine.js';
export { peekRunningLoop } from './running-loop.js';
export { startFunction, type StartOptions } from './running-function.js';
export { awaitableOf, followPromise } from './follow-promise.js';
export { Attempt, PENDING } from './waiting/attempt.js';
export { runScoped } from './scope.js';
export { settled, SETTLED, SETTLED_TRUE } from './settled.js';
export { SlotTable, type SlotTableLayout } from './memory/slot-table.js';
export { LONGEST_TIMER_MS } from './longest-timer.js';
export { bundledError } from './bundled-error.js';
export { Fifo } from './queues/fifo.js';
