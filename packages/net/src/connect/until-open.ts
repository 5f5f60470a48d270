import { OUTSIDE } from '@ringloop/core/internal';
import { LateAnswer } from '../late-answer.js';
import { NET, type NetLoop } from '../loop-net.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';

/**
 * Waits until one of Node's handles is bound. If that fails, or is cancelled, or the loop is closed meanwhile, the handle is closed.
 * @param make makes the handle, which calls back once
 */
export async function untilOpen<H extends { close(): void }>(
  loop: NetLoop,
  handles: HandleSelector,
  make: (handles: HandleSelector, onOpened: (error: Error | null) => void) => H,
): Promise<H> {
  const opened = new LateAnswer<undefined>(loop);
  const handle = make(handles, (error) => {
    if (error === null) opened.resolve(undefined);
    else opened.reject(error);
  });
  const reported = loop[OUTSIDE].track('thread'); // it comes from outside: the loop is not deadlocked, and virtual time waits
  const attempt = { abandon: () => handle.close() };
  loop[NET].opened(attempt, 'connection attempt', handle);
  try {
    await opened.future;
    return handle;
  } catch (thrown) {
    handle.close();
    throw thrown;
  } finally {
    reported();
    loop[NET].closed(attempt);
  }
}
