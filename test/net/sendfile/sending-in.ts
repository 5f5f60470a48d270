import { constants } from 'node:os';
import { onHandles } from '../backend.js';
import { SystemCalls } from '../faults/system-calls.js';
import { inLoop } from '../in-loop.js';

/** More calls of sendfile(2) than a test makes. */
const MANY = 200;

/** As `inLoop()`. `'by reading'`: all the time, the system says that sendfile(2) is not for this file. */
export async function sendingIn(how: string, body: Parameters<typeof inLoop>[0]): Promise<void> {
  if (how === 'natively' || onHandles) return inLoop(body);
  const faults = Array.from({ length: MANY }, (_, nth) => ({
    call: 'sendfile',
    nth,
    how: constants.errno.EINVAL,
  }));
  using calls = new SystemCalls(...faults);
  await inLoop(body);
  if (calls.delivered) throw new Error('Some calls may have reached the system');
}
