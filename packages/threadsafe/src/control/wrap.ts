import { inspect } from 'node:util';
import { createEndpoint, wrap as comlinkWrap } from 'comlink';
import { InternalError } from '@ringloop/core';
import { checkTime, typeError } from '@ringloop/core/internal';
import { thisProducer } from '../memory/inbox-memory.js';
import { registerSendable, reviveSendable, type Sendable, wireIn } from '../codec/sendable.js';
import type { CallableLoop } from './callable-loop.js';
import { type EndpointOptions, LoopEndpoint } from './loop-endpoint.js';
import { localObjectsOf, type Target } from './exposed-objects.js';
import { arrive, setOrigin } from './origins.js';
import { proxy } from './proxy.js';
import { type Remote, releaseProxy } from './remote-object.js';
import { LentObject, type LentObjectWire } from './lent-object.js';

/** Options of `LoopRef.wrap()`. */
export interface WrapOptions {
  /** Seconds after which a call rejects with TimeoutError and is cancelled. Null, the default: never. */
  readonly timeout?: number | null;
}

/** Implements `LoopRef.wrap()`, and throws what that throws. */
export function wrap<T>(ref: CallableLoop, name: string, { timeout = null }: WrapOptions): Remote<T> {
  if (typeof name !== 'string') throw typeError(`name must be a string, got ${inspect(name)}`);
  if (timeout !== null) checkTime(timeout, 'timeout');
  return wrapTarget<T>({ ref, target: name, label: name, timeout });
}

/**
 * Wraps Comlink's proxy in one of ours. Only ours can be released by `using`, can itself be an argument, and does not
 * mistake `console.log()` or a template string for calls.
 */
function wrapTarget<T>(options: EndpointOptions): Remote<T> {
  const endpoint = new LoopEndpoint(options);
  const release = (): void => endpoint.release();
  const { label, ref } = options;
  const remote = standFor(comlinkWrap<object>(endpoint), { label, of: ref.name, release });
  setOrigin(remote, endpoint);
  return proxy(remote) as unknown as Remote<T>; // the caller says what T is
}

/** What a proxy stands for: the object, or a path of names from it, which is followed when it is awaited or called. */
interface Standing {
  readonly label: string;
  /** The name of the loop. */
  readonly of: string;
  readonly release: () => void;
}

function standFor(comlink: object, standing: Standing): object {
  const { label, of, release } = standing;
  return new Proxy(shownAs(`<Remote ${label} of ${of}>`, label), {
    get: (shown, key) => {
      if (key === releaseProxy || key === Symbol.dispose) return release;
      if (key === createEndpoint) return Reflect.get(comlink, key) as unknown;
      // symbols cannot be sent: Comlink would use their text
      if (typeof key === 'symbol') return Reflect.get(shown, key) as unknown;
      const member = Reflect.get(comlink, key) as unknown;
      if (key === 'then' || typeof member !== 'function') return member; // `then` asks for the value
      return standFor(member, { ...standing, label: `${label}.${key}` });
    },
    set: (_, key, value: unknown) => Reflect.set(comlink, key, value),
    // All of Comlink's proxies can be called and constructed.
    apply: (_, self, args) => Reflect.apply(comlink as () => unknown, self, args) as unknown,
    construct: (_, args) => Reflect.construct(comlink as new () => object, args) as object,
  });
}

/** The target of a proxy, which `console.log()` shows. Callable and constructible, as all of Comlink's proxies are. */
function shownAs(text: string, label: string): object {
  return Object.assign(
    function remote() {
      return undefined;
    },
    {
      [inspect.custom]: () => text,
      // For `${remote.name}` with a forgotten await.
      [Symbol.toPrimitive]: () => {
        throw typeError(
          `Cannot convert ${label} to a primitive value: it is in another loop, await it first`,
        );
      },
    },
  );
}

/** The loop that `LoopRef.toWire()` was sent for. */
function loopOf(sent: object): CallableLoop {
  const wire = wireIn(sent);
  if (wire === null) throw new InternalError('A lent object has arrived without its loop');
  return reviveSendable(wire) as unknown as CallableLoop; // a LoopRef
}

registerSendable<LentObjectWire>('LentObject', LentObject, ({ loop, target, label }) => {
  const ref = loopOf(loop);
  const arrived =
    comeHome(ref.address.id, target) ??
    arrive(ref.address.id, target, () => wrapTarget<object>({ ref, target, label, timeout: null }));
  return arrived as unknown as Sendable<LentObjectWire>; // the proxy is what arrives; nobody reads its wire
});

/** The object itself, if it belongs to a loop of this thread. Undefined: it does not, or it is not exposed any more. */
function comeHome(inboxId: string, target: Target): object | undefined {
  const objects = localObjectsOf(inboxId);
  const object = objects?.peek(target);
  // it was lent on to this thread, which needs no proxy
  if (typeof target === 'number') objects?.takeBack(target, thisProducer);
  return object;
}
