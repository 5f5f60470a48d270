import { inspect } from 'node:util';
import { createEndpoint, wrap as comlinkWrap } from 'comlink';
import { checkTime, typeError } from '@ringloop/core/internal';
import { thisProducer } from '../memory/inbox-memory.js';
import { registerSendable, reviveSendable, type Sendable, type Wire, wireIn } from '../codec/sendable.js';
import type { CallableLoop } from './callable-loop.js';
import { type EndpointOptions, LoopEndpoint } from './loop-endpoint.js';
import { localObjectsOf, type Target } from './exposed-objects.js';
import { arrive, setOrigin } from './origins.js';
import { proxy } from './proxy.js';
import { type Remote, releaseProxy } from './remote-object.js';
import { LentObject, type LentObjectWire } from './values.js';

/** What `LoopRef.wrap()` can be told. */
export interface WrapOptions {
  /** Seconds that each call may take, then it rejects with TimeoutError and is cancelled; null, the default: for ever. */
  readonly timeout?: number | null;
}

/** What `LoopRef.wrap()` does, and throws. */
export function wrap<T>(ref: CallableLoop, name: string, { timeout = null }: WrapOptions): Remote<T> {
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
  const release = (): void => endpoint.release();
  const { label, ref } = options;
  const remote = standFor(comlinkWrap<object>(endpoint), { label, of: ref.name, release });
  setOrigin(remote, endpoint);
  return proxy(remote) as unknown as Remote<T>; // what T is, the caller says
}

/** The object, or what a path of names from it leads to, until it is asked for by `await` or a call. */
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
      if (typeof key === 'symbol') return Reflect.get(shown, key) as unknown; // they do not cross: Comlink would call strings
      const member = Reflect.get(comlink, key) as unknown;
      if (key === 'then' || typeof member !== 'function') return member; // `then` is the question for its value
      return standFor(member, { ...standing, label: `${label}.${key}` });
    },
    set: (_, key, value: unknown) => Reflect.set(comlink, key, value),
    // Comlink's proxies can all be called and constructed.
    apply: (_, self, args) => Reflect.apply(comlink as () => unknown, self, args) as unknown,
    construct: (_, args) => Reflect.construct(comlink as new () => object, args) as object,
  });
}

/** What a proxy stands in front of, and so what `console.log()` shows of it. Callable and constructible, as they all are. */
function shownAs(text: string, label: string): object {
  return Object.assign(
    function remote() {
      return undefined;
    },
    {
      [inspect.custom]: () => text,
      // For `${remote.name}`, where an await was forgotten.
      [Symbol.toPrimitive]: () => {
        throw typeError(
          `Cannot convert ${label} to a primitive value: it is in another loop, await it first`,
        );
      },
    },
  );
}

registerSendable<LentObjectWire>('LentObject', LentObject, ({ loop, target, label }) => {
  const ref = reviveSendable(wireIn(loop) as Wire) as unknown as CallableLoop; // LoopRef.toWire() made it
  const arrived =
    comeHome(ref.address.id, target) ??
    arrive(ref.address.id, target, () => wrapTarget<object>({ ref, target, label, timeout: null }));
  return arrived as unknown as Sendable<LentObjectWire>; // what arrives is the proxy; nobody asks it for its wire
});

/** The object itself, where it belongs to a loop of this thread. Undefined: it does not, or is not exposed any more. */
function comeHome(inboxId: string, target: Target): object | undefined {
  const objects = localObjectsOf(inboxId);
  const object = objects?.peek(target);
  if (typeof target === 'number') objects?.takeBack(target, thisProducer); // it was lent on to this thread, to be here now
  return object;
}
