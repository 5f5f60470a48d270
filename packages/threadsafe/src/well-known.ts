import { getRunningLoop } from '@ringloop/core';
import { remote } from './remote.js';

/** Stops the loop it is called in: what `ref.callSoonThreadsafe(loop.stop)` stands for. */
export const stop = remote(import.meta.url, function stop(): void {
  getRunningLoop().stop();
});
