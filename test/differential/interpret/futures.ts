import type { FutureAct } from '../grammar/futures.js';
import { callback } from './bodies.js';
import type { Acts } from './interpreters.js';
import { Boom, showState } from './show.js';

/** The twin of oracle/futures.py. */
export const futureActs: Acts<FutureAct> = {
  setResult(world, { slot, value }) {
    world.future(slot).setResult(value);
  },
  setException(world, { slot, message }) {
    world.future(slot).setException(new Boom(message));
  },
  cancel(world, { slot, message }) {
    return world.someone(slot)?.cancel(message ?? undefined) ?? 'nobody';
  },
  renew(world, { slot }) {
    world.slots.set(slot, world.loop.createFuture());
  },
  lookAt(world, { slot }) {
    const future = world.someone(slot);
    return future === null ? 'nobody' : showState(future);
  },
  addCallback(world, { slot, name, body }) {
    const run = callback(world, body);
    world.doneCallbacks.set(name, run);
    world.future(slot).addDoneCallback(run);
  },
  removeCallback(world, { slot, name }) {
    return world.future(slot).removeDoneCallback(world.doneCallbacks.get(name) ?? (() => undefined));
  },
};
