import { getRunningLoop } from '@ringloop/core';
import { typeError } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';

/**
 * The running loop, for functions that open sockets.
 * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
 * @throws {TypeError} when the running loop has no sockets
 */
export function runningNetLoop(caller: string): NetLoop {
  const loop = getRunningLoop();
  if (NET in loop) return loop as NetLoop;
  throw typeError(
    `${caller}() needs a loop with sockets, such as SelectorEventLoop`,
    'ERR_INVALID_ARG_VALUE',
  );
}
