import { type EventLoopUtilization, performance } from 'node:perf_hooks';
import type { EventLoop } from '../event-loop.js';

export interface LoopActivity {
  readonly callsSent: number;
  readonly callsReceived: number;
  /** The fraction of its time that the thread was busy, from 0 to 1. */
  readonly utilisation: number;
}

/** @param before an earlier measurement in the same thread: utilisation is counted from there */
export function loopActivity(loop: EventLoop, before: EventLoopUtilization): LoopActivity {
  const { callsSent, callsReceived } = loop.statistics();
  return { callsSent, callsReceived, utilisation: performance.eventLoopUtilization(before).utilization };
}
