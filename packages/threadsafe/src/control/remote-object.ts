/**
 * What a proxy looks like to the compiler. Comlink has such types, but they need the browser's: a program that does without those
 * would not compile. And ours know that a property of a property can be asked for, and what a generator coroutine returns.
 */
import { releaseProxy as comlinkReleaseProxy } from 'comlink';
import type { Arrived } from '../references/remote.js';

/** `proxy[releaseProxy]()` releases a proxy: later calls reject, pending ones settle. The same symbol as Comlink's. */
export const releaseProxy: unique symbol = comlinkReleaseProxy as never; // the compiler cannot know that it has two names

// These exist for the compiler alone.
declare const MARKED: unique symbol;
declare const OBJECT: unique symbol;

/** What `proxy()` gives: a value that stays where it is. The receiver has a `Remote` of it. */
export interface ProxyMarked {
  readonly [MARKED]: true;
}

/**
 * A proxy of a `T` that lives in another loop. What its methods return is a promise here, and so is each property that is read; a
 * property can be asked for its own properties and methods at once: `await remote.stats.count`.
 */
export type Remote<T> = RemoteMembers<T> & RemoteFunctions<T> & RemoteHandle<T>;

/** What every proxy has. */
export interface RemoteHandle<T> {
  /** @internal */
  readonly [OBJECT]: T;
  /** Releases the proxy: later calls reject, pending ones settle. Can be repeated. */
  [releaseProxy](): void;
  /** The end of `using`: releases the proxy. */
  [Symbol.dispose](): void;
}

/** The methods and properties of `T`. Symbols do not cross. */
export type RemoteMembers<T> = { readonly [K in keyof T as Exclude<K, symbol>]: RemoteMember<T[K]> };

/** One of them. */
export type RemoteMember<V> = [V] extends [AnyFunction | AnyClass]
  ? RemoteFunctions<V>
  : [V] extends [object]
    ? Promise<Received<V>> & RemoteMembers<V>
    : Promise<Received<V>>;

/** How to call it if it is a function, and construct it if it is a class. */
export type RemoteFunctions<F> = (F extends (...args: infer A) => infer R
  ? (...args: Given<A>) => Promise<Received<ResultOf<R>>>
  : unknown) &
  (F extends new (...args: infer A) => infer I ? new (...args: Given<A>) => Promise<Remote<I>> : unknown);

type AnyFunction = (...args: never) => unknown;
type AnyClass = abstract new (...args: never) => unknown;

/** Async functions and generator coroutines are run to their end over there. */
type ResultOf<R> = R extends Generator<unknown, infer T> ? T : Awaited<R>;

type Received<V> = V extends ProxyMarked ? Remote<V> : Arrived<V>;

/** Where the other side takes a Remote, this side gives a marked object of its own, or a Remote that it has. */
type Given<A extends unknown[]> = { [I in keyof A]: GivenOne<A[I]> };
type GivenOne<P> = P extends RemoteHandle<infer T> ? (T & ProxyMarked) | P : P;
