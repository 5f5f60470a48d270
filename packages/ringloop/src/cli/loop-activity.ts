import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { EventLoop } from '../event-loop.js';

/** What one loop did. */
export interface LoopActivity {
  readonly callsSent: number;
  readonly callsReceived: number;
  /** How much of its time its thread was busy, from 0 to 1. */
  readonly utilisation: number;
}

/** @param before of the same thread: where its utilisation is counted from */
export function loopActivity(loop: EventLoop, before: EventLoopUtilization): LoopActivity {
  const { callsSent, callsReceived } = loop.statistics();
  return { callsSent, callsReceived, utilisation: performance.eventLoopUtilization(before).utilization };
}
