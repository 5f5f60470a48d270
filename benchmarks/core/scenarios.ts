import { callSoon } from './call-soon.js';
import { emptyTask, emptyTaskAlone } from './empty-task.js';
import { futureWithCallback } from './future.js';
import type { Scenario } from './scenario.js';
import { sleepZero } from './sleep.js';
import { cancelTimers, insertEqualTimers, insertTimers } from './timers.js';

export const SCENARIOS: readonly Scenario[] = [
  callSoon,
  insertTimers,
  cancelTimers,
  insertEqualTimers,
  sleepZero,
  emptyTask,
  emptyTaskAlone,
  futureWithCallback,
];

/** The ones to see growing: with more at once, one task at a time is what `emptyTask` is. */
export const GROWING = SCENARIOS.filter((scenario) => scenario !== emptyTaskAlone);
