/**
 * The types of proxies. Comlink has such types, but they need the browser's types, and programs without those would not
 * compile. Ours also allow reading a property of a property, and know what a generator coroutine returns.
 */
import { releaseProxy as comlinkReleaseProxy } from 'comlink';
import type { Arrived } from '../references/remote.js';

/** `proxy[releaseProxy]()` releases a proxy: later calls reject, pending ones settle. The same symbol as Comlink's. */
// the compiler cannot know that it has two names
export const releaseProxy: unique symbol = comlinkReleaseProxy as never;

// These exist for the compiler only.
declare const MARKED: unique symbol;
declare const OBJECT: unique symbol;

/** The result of `proxy()`: a value that stays in its loop. The receiver has a `Remote` of it. */
export interface ProxyMarked {
  readonly [MARKED]: true;
}

/**
 * A proxy of a `T` that belongs to another loop. Its methods return promises here, and each property that is read is a
 * promise. The properties and methods of a property can be used at once: `await remote.stats.count`.
 */
export type Remote<T> = RemoteMembers<T> & RemoteFunctions<T> & RemoteHandle<T>;

/** The members that every proxy has. */
export interface RemoteHandle<T> {
  /** @internal */
  readonly [OBJECT]: T;
  /** Releases the proxy: later calls reject, pending ones settle. Can be repeated. */
  [releaseProxy](): void;
  /** Called at the end of `using`: releases the proxy. */
  [Symbol.dispose](): void;
}

/** The methods and properties of `T`. Symbols are left out, because they cannot be sent. */
export type RemoteMembers<T> = { readonly [K in keyof T as Exclude<K, symbol>]: RemoteMember<T[K]> };

/** One member of a proxy. */
export type RemoteMember<V> = [V] extends [AnyFunction | AnyClass]
  ? RemoteFunctions<V>
  : [V] extends [object]
    ? Promise<Received<V>> & RemoteMembers<V>
    : Promise<Received<V>>;

/** How to call a function, and construct a class. */
export type RemoteFunctions<F> = (F extends (...args: infer A) => infer R
  ? (...args: Given<A>) => Promise<Received<ResultOf<R>>>
  : unknown) &
  (F extends new (...args: infer A) => infer I ? new (...args: Given<A>) => Promise<Remote<I>> : unknown);

type AnyFunction = (...args: never) => unknown;
type AnyClass = abstract new (...args: never) => unknown;

/** The owner's loop runs async functions and generator coroutines to their end. */
type ResultOf<R> = R extends Generator<unknown, infer T> ? T : Awaited<R>;

type Received<V> = V extends ProxyMarked ? Remote<V> : Arrived<V>;

/** If the other side expects a Remote, this side passes a marked object of its own, or a Remote that it has. */
type Given<A extends unknown[]> = { [I in keyof A]: GivenOne<A[I]> };
type GivenOne<P> = P extends RemoteHandle<infer T> ? (T & ProxyMarked) | P : P;
