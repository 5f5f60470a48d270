import { heldFutures, heldTasks } from './awaitables.js';
import { heldCallbacks, heldTimers } from './callbacks.js';
import type { Holding } from './holding.js';

export const HOLDINGS: readonly Holding[] = [heldCallbacks, heldTimers, heldTasks, heldFutures];
