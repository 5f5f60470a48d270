import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * What Node's `AsyncLocalStorage`s hold, captured where a callback is scheduled and restored where it runs. null stands for
 * "they hold nothing", which is so nearly always, and costs nothing to restore. Python: contextvars.Context.
 *
 * Capturing must be cheap, for every callSoon() does it, and Node has no question "does any storage hold something?". So:
 *
 * - Node 24 and later (22 with --experimental-async-context-frame) keep what is stored in a frame, an immutable Map, and an AsyncResource takes it along (14 ns). No frame,
 *   or one that only ringloop's own storage is in: null. The frame is found under a symbol of the resource.
 * - Node 20 and 22 write what is stored on the current resource. A turn of a loop runs in a resource of ours, GROUND; while nothing
 *   is stored there, all that is scheduled there has the context null (3 ns). Where something is stored on another resource that
 *   is current, which has to be looked up (70 ns), an AsyncResource is made (10 ns) and entered (40 ns).
 *
 * A callback may leave something behind for the next one, by enterWith(). To look after each would cost as much as many callbacks do.
 * So both notice it: GROUND's prototype sees what is written on it; GROUND's frame sees that it is copied, which is how a frame with
 * something more in it is made. Only then is there a look, and what was left is taken away, or not taken for the next one's.
 *
 * Where a Node should have neither, everything is captured and entered.
 */
export type Context = AsyncResource | null;

type Frame = Map<unknown, unknown>;

// Node need not watch when a resource is collected: nobody listens for that.
const UNWATCHED = { requireManualDestroy: true } as const;

/** ringloop's own storage, if it has one: what it holds is no part of the context. */
let own: AsyncLocalStorage<unknown> | null = null;
let ownKey: string | symbol | null = null;
/** Some storage was entered in this turn, and may hold something still. Always, where nobody tells. */
let entered = false;
let learning = false;
/** On a Node that we do not understand. */
let everythingIsForeign = false;

/** The resource that turns run in. */
const GROUND = new AsyncResource('ringloop.EventLoop', UNWATCHED);
const noticeWrites: ProxyHandler<object> = {
  set(target, key, value, receiver) {
    if (learning) ownKey = key;
    else if (key !== ownKey) entered = true;
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

/* c8 ignore start -- Node 24 and later, and strange ones */
/** Node 24 and later: what GROUND holds, which is nothing. Null: it does not notice that it is copied. */
const EMPTY = FRAME === null ? null : makeEmptyFrame(FRAME);

/** Nobody tells when a storage is entered. */
const CANNOT_NOTICE = FRAME === null ? isStrange() : EMPTY === null;
/* c8 ignore stop */

wipe(GROUND); // what is stored where this module happens to be imported is nobody else's
entered = CANNOT_NOTICE;

function isStrange(): boolean {
  return everythingIsForeign;
}

function findFrameSymbol(): symbol | null {
  // Entering a storage, to find out, would make all promises slower where storages write on resources.
  if ('_propagate' in AsyncLocalStorage.prototype && Number.parseInt(process.versions.node) < 24) return null;
  /* c8 ignore start -- coverage is measured on Node 20; the tests pass on 24 and 26 */
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

/* c8 ignore start -- Node 24 and later */
/** Somebody else's frame, emptied, which tells when it is copied. */
function makeEmptyFrame(key: symbol): Frame | null {
  const storage = new AsyncLocalStorage();
  const frame = frameOf(
    storage.run('probe', () => new AsyncResource('ringloop.Probe', UNWATCHED)),
    key,
  );
  storage.disable();
  if (frame === undefined) return null;
  frame.clear();
  Object.defineProperty(frame, Symbol.iterator, {
    value: function iterate(this: Frame) {
      entered = true;
      return this.entries();
    },
  });
  entered = false;
  const probe = new AsyncResource('ringloop.Probe', UNWATCHED);
  Reflect.set(probe, key, frame);
  probe.runInAsyncScope(() => storage.enterWith('probe'));
  storage.disable();
  return (entered as boolean) ? frame : null; // iterate() may have set it
}

function frameOf(resource: AsyncResource, key: symbol): Frame | undefined {
  return Reflect.get(resource, key) as Frame | undefined; // what findFrameSymbol() looked for
}

function isEmptyFrame(frame: Frame | undefined): boolean {
  if (frame === undefined || frame === EMPTY) return true;
  // run() leaves undefined behind.
  for (const [storage, value] of frame) if (storage !== own && value !== undefined) return false;
  return true;
}
/* c8 ignore stop */

/** The context of the code that is running. */
export function captureContext(): Context {
  if (FRAME === null) {
    const current = executionAsyncResource();
    if (current === GROUND ? !entered : !everythingIsForeign && storesNothing(current)) return null;
    return new AsyncResource('ringloop.Context', UNWATCHED);
  }
  /* c8 ignore start -- Node 24 and later */
  const resource = new AsyncResource('ringloop.Context', UNWATCHED);
  return isEmptyFrame(frameOf(resource, FRAME)) ? null : resource;
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
  if (FRAME !== null) Reflect.set(resource, FRAME, resource === GROUND ? (EMPTY ?? undefined) : undefined);
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    // Gone, not undefined: GROUND notices only what is new. Ours need not be noticed.
    if (symbol.description === 'kResourceStore' && (symbol !== ownKey || resource !== GROUND)) {
      Reflect.deleteProperty(resource, symbol);
    }
  }
}

/**
 * Whether what runs next must be entered into `context`. For null only if a callback before it left something behind that cannot be
 * taken away.
 */
export function mustEnter(context: Context): boolean {
  return context !== null || (entered && !cleanUp());
}

/** Whether the code that ran before this has stored something that is there still. */
export function hasStored(): boolean {
  return entered && !holdsNothing();
}

function cleanUp(): boolean {
  if (FRAME === null && !everythingIsForeign && executionAsyncResource() === GROUND) {
    wipe(GROUND);
    entered = false;
    return true;
  }
  return holdsNothing();
}

function holdsNothing(): boolean {
  if (FRAME === null) return !everythingIsForeign && storesNothing(executionAsyncResource());
  /* c8 ignore start -- Node 24 and later */
  const frame = frameOf(new AsyncResource('ringloop.Context', UNWATCHED), FRAME);
  return isEmptyFrame(frame);
}
/* c8 ignore stop */

/** Runs `fn` in `context`, and outside of every task. What it stores with enterWith() ends with it. */
export function runInContext<T>(context: Context, fn: () => T): T {
  // On Node 20 and 22 it would write on the resource, which others run in after it: the next event of a descriptor, for example.
  if (context !== null && FRAME === null) return context.runInAsyncScope(() => runApart(() => leaveOwn(fn)));
  return asResource(context).runInAsyncScope(() => leaveOwn(fn));
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
  /* c8 ignore next -- Node 24 and later: what was entered before is not there any more */
  if (FRAME !== null) entered = CANNOT_NOTICE;
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

function leaveOwn<T>(fn: () => T): T {
  return own?.getStore() == null ? fn() : own.run(null, fn);
}
