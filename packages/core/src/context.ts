import { AsyncLocalStorage, AsyncResource, executionAsyncResource } from 'node:async_hooks';
import { types } from 'node:util';

/**
 * What Node's `AsyncLocalStorage`s hold, captured where a callback is scheduled and restored where it runs. null means
 * that they hold nothing. That is the case nearly always, and costs nothing to restore. Python: contextvars.Context.
 *
 * Every callSoon() captures a context, so capturing must be cheap. But Node has no function that tells whether any
 * storage holds something. So there are two ways:
 *
 * - Node 24 and later (22 with --experimental-async-context-frame) keep what is stored in a frame, an immutable Map. An
 *   AsyncResource keeps its frame (14 ns). Without a frame, or if only ringloop's own storage is in it, the context is
 *   null. The frame is found under a symbol of the resource.
 * - Node 20 and 22 store on the current resource. A turn of a loop runs in a resource of ours, GROUND. While nothing is
 *   stored there, everything that is scheduled there has the context null (3 ns). If another resource is current, it
 *   must be searched (70 ns). If something is stored on it, an AsyncResource is made (10 ns) and entered (40 ns).
 *
 * A callback may leave something behind for the next one, by enterWith(). Checking after each callback would cost as
 * much as many callbacks do. So both ways notice it: GROUND's prototype sees what is written on GROUND, and GROUND's
 * frame sees that it is copied, which is how a frame with one more entry is made. Only then do we check. What was left
 * is removed, or the next callback enters a context without it.
 *
 * On a Node that has neither, everything is captured and entered.
 */
export type Context = AsyncResource | null;

type Frame = Map<unknown, unknown>;

// Node need not track when a resource is garbage collected, because nobody listens for that.
const UNWATCHED = { requireManualDestroy: true } as const;

/** ringloop's own storage, if it has one. What it holds is not a part of the context. */
let own: AsyncLocalStorage<unknown> | null = null;
let ownKey: string | symbol | null = null;
/** Whether a storage was entered in this turn and may still hold something. Always true if that cannot be noticed. */
let entered = false;
let learning = false;
/** Whether this Node stores values in a way that we do not know. */
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

/**
 * Node probes symbols on the current resource each time. Defines them as own undefined
 * properties, so that the Proxy is not hit.
 */
function answerAtOnce(): void {
  noticeWrites.get = (target, key, receiver) => {
    if (typeof key === 'symbol') Object.defineProperty(receiver, key, { value: undefined });
    return Reflect.get(target, key, receiver) as unknown;
  };
  GROUND.runInAsyncScope(executionAsyncResource);
  delete noticeWrites.get;
}

/** The symbol under which a resource has its frame, or null if this Node has no frames. */
const FRAME = findFrameSymbol();

/* c8 ignore start -- Node 24 and later, and strange ones */
/** On Node 24 and later: the empty frame that GROUND holds. null if a frame cannot notice that it is copied. */
const EMPTY = FRAME === null ? null : makeEmptyFrame(FRAME);

/** Whether we cannot notice that a storage is entered. */
const CANNOT_NOTICE = FRAME === null ? isStrange() : EMPTY === null;
/* c8 ignore stop */

wipe(GROUND); // what the code that imports this module has stored is not for callbacks
entered = CANNOT_NOTICE;

function isStrange(): boolean {
  return everythingIsForeign;
}

function findFrameSymbol(): symbol | null {
  // Do not enter a storage to find out: where storages write on resources, that would make all promises slower.
  if ('_propagate' in AsyncLocalStorage.prototype && Number.parseInt(process.versions.node) < 24) {
    return null;
  } /* c8 ignore start -- coverage is measured on Node 20; the tests pass on 24 and 26 */
  const storage = new AsyncLocalStorage();
  const resource = storage.run('probe', () => new AsyncResource('ringloop.Probe', UNWATCHED));
  storage.disable();
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (types.isMap(Reflect.get(resource, symbol))) return symbol;
  }
  everythingIsForeign = true; // this Node neither has frames nor writes on resources
  return null;
}
/* c8 ignore stop */

/* c8 ignore start -- Node 24 and later */
/**
 * Takes the frame of a probe storage, empties it, and makes it set `entered` when it is copied. Returns
 * null if it cannot notice that.
 */
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
  return (entered as boolean) ? frame : null; // iterate() sets it, which TypeScript cannot know
}

function frameOf(resource: AsyncResource, key: symbol): Frame | undefined {
  return Reflect.get(resource, key) as Frame | undefined; // findFrameSymbol() has checked the type
}

function isEmptyFrame(frame: Frame | undefined): boolean {
  if (frame === undefined || frame === EMPTY) return true;
  // A run() that has ended leaves undefined behind.
  for (const [storage, value] of frame) if (storage !== own && value !== undefined) return false;
  return true;
}
/* c8 ignore stop */

/** Captures the context of the running code. */
export function captureContext(): Context {
  if (FRAME === null) {
    const current = executionAsyncResource();
    if (current === GROUND ? !entered : !everythingIsForeign && storesNothing(current)) return null;
    return new AsyncResource('ringloop.Context', UNWATCHED);
  } /* c8 ignore start -- Node 24 and later */
  const resource = new AsyncResource('ringloop.Context', UNWATCHED);
  return isEmptyFrame(frameOf(resource, FRAME)) ? null : resource;
}
/* c8 ignore stop */

/** On Node 20 and 22: whether no storage except our own has written on `resource`. */
function storesNothing(resource: object): boolean {
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    if (symbol.description !== 'kResourceStore' || symbol === ownKey) continue;
    if (Reflect.get(resource, symbol) !== undefined) return false;
  }
  return true;
}

/** Removes what was stored where `resource` was made. */
function wipe(resource: object): void {
  /* c8 ignore next -- Node 24 and later */
  if (FRAME !== null) Reflect.set(resource, FRAME, resource === GROUND ? (EMPTY ?? undefined) : undefined);
  for (const symbol of Object.getOwnPropertySymbols(resource)) {
    // Delete it, because GROUND notices only writes of new properties. It need not notice those of our own storage.
    if (symbol.description === 'kResourceStore' && (symbol !== ownKey || resource !== GROUND)) {
      Reflect.deleteProperty(resource, symbol);
    }
  }
}

/**
 * Whether the code that runs next must be entered into `context`. For null, only if an earlier callback left something
 * behind that cannot be removed.
 */
export function mustEnter(context: Context): boolean {
  return context !== null || (entered && !cleanUp());
}

/** Whether the code that ran before this has stored something that is still there. */
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
  if (FRAME === null) {
    return !everythingIsForeign && storesNothing(executionAsyncResource());
  } /* c8 ignore start -- Node 24 and later */
  const frame = frameOf(new AsyncResource('ringloop.Context', UNWATCHED), FRAME);
  return isEmptyFrame(frame);
}
/* c8 ignore stop */

/** Runs `fn` in `context`, and outside of every task. What it stores with enterWith() is removed afterwards. */
export function runInContext<T>(context: Context, fn: () => T): T {
  // On Node 20 and 22, enterWith() would write on the resource, in which later code runs, too: the next
  // event of a descriptor, for example.
  if (context !== null && FRAME === null) return context.runInAsyncScope(() => runApart(() => leaveOwn(fn)));
  return asResource(context).runInAsyncScope(() => leaveOwn(fn));
}

/**
 * Runs `fn` in the present context. What it stores with enterWith() is removed afterwards. For users' functions that
 * are called in the middle of other code, which cancels, fails or writes.
 */
export function runApart<T>(fn: () => T): T {
  return new AsyncResource('ringloop.Context', UNWATCHED).runInAsyncScope(fn);
}

/** Runs `fn` in the resource in which all turns run. */
export function runOnGround(fn: () => void): void {
  /* c8 ignore next -- Node 24 and later: what was entered before is not there any more */
  if (FRAME !== null) entered = CANNOT_NOTICE;
  GROUND.runInAsyncScope(fn);
}

/** The context in the form that users get. */
export function asResource(context: Context): AsyncResource {
  if (context !== null) return context;
  const empty = new AsyncResource('ringloop.Context', UNWATCHED); // not a shared one: enterWith() would write on it
  wipe(empty);
  return empty;
}

/** Makes `storage` ringloop's own. Must be called just before it is entered for the first time. */
export function adoptStorage(storage: AsyncLocalStorage<unknown>): void {
  own = storage;
  learning = true;
  GROUND.runInAsyncScope(() => storage.run(null, () => undefined));
  learning = false;
}

function leaveOwn<T>(fn: () => T): T {
  return own?.getStore() == null ? fn() : own.run(null, fn);
}
