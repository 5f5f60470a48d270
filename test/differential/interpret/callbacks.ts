import { Handle } from '@ringloop/core';
import type { CallbackAct } from '../grammar/callbacks.js';
import { callback } from './bodies.js';
import type { Acts } from './interpreters.js';

/** The twin of oracle/callbacks.py. `raise` is done where statements are. */
export const callbackActs: Acts<Exclude<CallbackAct, { op: 'raise' }>> = {
  callSoon(world, { slot, body }) {
    world.slots.set(slot, world.loop.callSoon(callback(world, body)));
  },
  callLater(world, { slot, delay, body }) {
    world.slots.set(slot, world.loop.callLater(world.delay(delay), callback(world, body)));
  },
  callAt(world, { slot, when, body }) {
    world.slots.set(slot, world.loop.callAt(world.when(when), callback(world, body)));
  },
  cancelHandle(world, { slot }) {
    const handle = world.slots.get(slot);
    if (!(handle instanceof Handle)) return 'nobody';
    handle.cancel();
    return handle.cancelled();
  },
  stop(world) {
    world.loop.stop();
  },
  report(world, { message }) {
    world.loop.callExceptionHandler({ message });
  },
};
