import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * What Node's `AsyncLocalStorage`s hold, captured where a callback is scheduled and restored where it runs. null stands for
 * "they hold nothing", which is so nearly always, and costs nothing to restore. Python: contextvars.Context.
 *
 * Capturing must be cheap, for every callSoon() does it, and Node has no question "does any storage hold something?". So:
 *
 * - Node 24 and later keep what is stored in a frame, an immutable Map, and an AsyncResource takes it along (14 ns). No frame,
 *   or one that only ringloop's own storage is in: null. The frame is found under a symbol of the resource.
 * - Node 20 and 22 write what is stored on the current resource. A turn of a loop runs in a resource of ours, GROUND, whose
 *   prototype notices when somebody writes on it; until then all that is scheduled there has the context null (3 ns).
 *   From then on, and where something is stored on another resource that is current, which has to be looked up (70 ns), an
 *   AsyncResource is made (10 ns) and entered (40 ns). When the callback that wrote has ended, what it wrote is taken away.
 *
 * Where a Node should have neither, everything is captured and entered.
 */
export type Context = AsyncResource | null;

// Node need not watch when a resource is collected: nobody listens for that.
const UNWATCHED = { requireManualDestroy: true } as const;

/** ringloop's own storage, if it has one: what it holds is no part of the context. */
let own: AsyncLocalStorage<unknown> | null = null;
let ownKey: string | symbol | null = null;
/** Node 20 and 22: some storage was entered in a turn. */
let foreignKeys = false;
let learning = false;
/** On a Node that we do not understand. */
let everythingIsForeign = false;

/** The resource that turns run in. */
const GROUND = new AsyncResource('ringloop.EventLoop', UNWATCHED);
const noticeWrites: ProxyHandler<object> = {
  set(target, key, value, receiver) {
    if (learning) ownKey = key;
    else if (key !== ownKey) foreignKeys = true;
    return Reflect.set(target, key, value, receiver);
  },
};

Object.setPrototypeOf(GROUND, new Proxy(AsyncResource.prototype, noticeWrites));
answerAtOnce();

/** What Node itself looks for on a resource, at each question for the current one, it shall find without asking the Proxy. */
function answerAtOnce(): void {
  noticeWrites.get = (target, key, receiver) => {
    if (typeof key === 'symbol') Object.defineProperty(receiver, key, { value: undefined });
    return Reflect.get(target, key, receiver) as unknown;
  };
  GROUND.runInAsyncScope(executionAsyncResource);
  delete noticeWrites.get;
}

/** Under which symbol a resource has its frame; null where there are no frames. */
const FRAME = findFrameSymbol();

wipe(GROUND); // what is stored where this module happens to be imported is nobody else's
foreignKeys = everythingIsForeign;

function findFrameSymbol(): symbol | null {
  /* c8 ignore start -- coverage is measured on Node 20; the tests pass on 24 and 26 */
  if (Number.parseInt(process.versions.node) < 24) return null; // entering a storage there makes all promises slower
  const storage = new AsyncLocalStorage();
  const resource = storage.run('probe', () => new AsyncResource('ringloop.Probe', UNWATCHED));
  storage.disable();
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (types.isMap(Reflect.get(resource, symbol))) return symbol;
  }
  everythingIsForeign = true; // neither do we know of frames here, nor that resources are written on
  return null;
}
/* c8 ignore stop */

/** The context of the code that is running. */
export function captureContext(): Context {
  if (FRAME === null) {
    const current = executionAsyncResource();
    if (current === GROUND ? !foreignKeys : !everythingIsForeign && storesNothing(current)) return null;
    return new AsyncResource('ringloop.Context', UNWATCHED);
  }
  /* c8 ignore start -- Node 24 and later */
  const resource = new AsyncResource('ringloop.Context', UNWATCHED);
  const frame = Reflect.get(resource, FRAME) as Map<unknown, unknown> | undefined; // what findFrameSymbol() looked for
  return frame === undefined || (frame.size === 1 && frame.has(own)) ? null : resource;
}
/* c8 ignore stop */

/** Node 20 and 22: whether no storage but our own has written on `resource`. */
function storesNothing(resource: object): boolean {
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (symbol.description !== 'kResourceStore' || symbol === ownKey) continue;
    if (Reflect.get(resource, symbol) !== undefined) return false;
  }
  return true;
}

/** Takes away what was stored where `resource` was made. */
function wipe(resource: object): void {
  /* c8 ignore next -- Node 24 and later */
  if (FRAME !== null) Reflect.set(resource, FRAME, undefined);
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    // Gone, not undefined: GROUND notices only what is new.
    if (symbol.description === 'kResourceStore') Reflect.deleteProperty(resource, symbol);
  }
}

/** Whether what runs next must be entered into `context`. For null only if a callback before it left something behind. */
export function mustEnter(context: Context): boolean {
  if (context !== null || FRAME === null) return context !== null || foreignKeys;
  /* c8 ignore start -- Node 24 and later */
  return Reflect.get(new AsyncResource('ringloop.Context', UNWATCHED), FRAME) !== undefined; // enterWith()
}
/* c8 ignore stop */

/** A callback that ran on GROUND is over: what it has stored there is none of the next one's. */
export function clearGround(): void {
  if (foreignKeys && !everythingIsForeign) takeAwayForeign();
}

function takeAwayForeign(): void {
  foreignKeys = false;
  for (const symbol of Object.getOwnPropertySymbols(GROUND)) {
    // Gone, not undefined: what is new is noticed, what changes is not.
    if (symbol.description === 'kResourceStore' && symbol !== ownKey) Reflect.deleteProperty(GROUND, symbol);
  }
}

/** Runs `fn` in `context`, and outside of every task. What it stores with enterWith() ends with it. */
export function runInContext(context: Context, fn: () => void): void {
  // On Node 20 and 22 it would write on the resource, which others run in after it: the next event of a descriptor, for example.
  if (context !== null && FRAME === null) context.runInAsyncScope(runApart, undefined, () => leaveOwn(fn));
  else asResource(context).runInAsyncScope(leaveOwn, undefined, fn);
}

/**
 * Runs `fn` in the present context; what it stores with enterWith() ends with it. For users' functions that are called in the midst
 * of what is not theirs: by whoever cancels, fails, or writes.
 */
export function runApart<T>(fn: () => T): T {
  return new AsyncResource('ringloop.Context', UNWATCHED).runInAsyncScope(fn);
}

/** Runs `fn` where all turns run. */
export function runOnGround(fn: () => void): void {
  GROUND.runInAsyncScope(fn);
}

/** A context as users hold it. */
export function asResource(context: Context): AsyncResource {
  if (context !== null) return context;
  const empty = new AsyncResource('ringloop.Context', UNWATCHED); // not one for all: enterWith() would write on it
  wipe(empty);
  return empty;
}

/** Makes `storage` ringloop's own, just before it is entered for the first time. */
export function adoptStorage(storage: AsyncLocalStorage<unknown>): void {
  own = storage;
  learning = true;
  GROUND.runInAsyncScope(() => storage.run(null, () => undefined));
  learning = false;
}

function leaveOwn(fn: () => void): void {
  if (own?.getStore() == null) fn();
  else own.run(null, fn);
}
