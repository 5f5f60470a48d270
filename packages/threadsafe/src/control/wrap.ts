import { inspect } from 'node:util';
import { createEndpoint, wrap as comlinkWrap } from 'comlink';
import { checkTime, typeError } from '@ringloop/core/internal';
import { LoopRef } from '../loop-ref.js';
import { registerSendable, type Sendable } from '../sendable.js';
import { type EndpointOptions, LoopEndpoint } from './loop-endpoint.js';
import { proxy } from './proxy.js';
import { type Remote, releaseProxy } from './remote-object.js';
import { LentObject, type LentObjectWire } from './values.js';

/** What `LoopRef.wrap()` can be told. */
export interface WrapOptions {
  /** Seconds that each call may take, then it rejects with TimeoutError and is cancelled; null, the default: for ever. */
  readonly timeout?: number | null;
}

/** What `LoopRef.wrap()` does, and throws. */
export function wrap<T>(ref: LoopRef, name: string, { timeout = null }: WrapOptions): Remote<T> {
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  if (timeout !== null) checkTime(timeout, 'timeout');
  return wrapTarget<T>({ ref, target: name, label: name, timeout });
}

/**
 * Comlink's proxy behind one of ours, which alone can be released by `using` and be an argument itself, and does not take
 * `console.log()` or a template string for calls.
 */
function wrapTarget<T>(options: EndpointOptions): Remote<T> {
  const endpoint = new LoopEndpoint(options);
  const comlink = comlinkWrap<object>(endpoint);
  const release = (): void => endpoint.release();
  const remote = new Proxy(shownAs(`<Remote ${options.label} of ${options.ref.name}>`), {
    get: (shown, key) => {
      if (key === releaseProxy || key === Symbol.dispose) return release;
      const names = typeof key === 'string' || key === createEndpoint; // other symbols do not cross: Comlink would call strings
      return Reflect.get(names ? comlink : shown, key) as unknown;
    },
    set: (_, key, value: unknown) => Reflect.set(comlink, key, value),
    // Comlink's proxies can all be called and constructed.
    apply: (_, self, args) => Reflect.apply(comlink as () => unknown, self, args) as unknown,
    construct: (_, args) => Reflect.construct(comlink as new () => object, args) as object,
  });
  return proxy(remote) as unknown as Remote<T>; // what T is, the caller says
}

/** What a proxy stands in front of, and so what `console.log()` shows of it. Callable and constructible, as they all are. */
function shownAs(text: string): object {
  return Object.assign(
    function remote() {
      return undefined;
    },
    { [inspect.custom]: () => text },
  );
}

registerSendable<LentObjectWire>('LentObject', LentObject, ({ loop, number, label }) => {
  const ref = LoopRef.fromWire(loop);
  const remote = wrapTarget<object>({ ref, target: number, label, timeout: null });
  return remote as unknown as Sendable<LentObjectWire>; // what arrives is the proxy; nobody asks it for its wire
});
