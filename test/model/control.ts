/**
 * The shared memory of one exploration, and the choice of who goes next.
 *
 * Roles: one thread at a time holds the baton and it alone touches these words, except each thread's GATE. The explorer
 * holds it between schedules. During a schedule the baton goes straight from thread to thread: the one that reaches
 * its next operation calls `chooseNext` itself, so going on without a switch costs no hand-over at all.
 *
 *   words                        meaning
 *   DONE … REDUCE                the schedule as a whole
 *   thread(i) + GATE …           one block of words a thread
 *   SCRIPT                       the thread to choose at each step; beyond its end: stay, else the lowest number
 *   LOG                          one row a step: who, which operation on which word, what it returned, who could go on
 *   WAITERS                      one row a waiter, oldest first: its word, and whether it still waits
 *
 * 1. A GATE is opened by the holder of the baton and closed by its thread; both through Atomics, which also orders
 *    the plain accesses to all the other words.
 * 2. A step is one operation and the plain code after it, up to the thread's next operation; the first step of a thread
 *    begins with the code before its first operation. With PLAIN_STEPS the code after is a step of its own.
 */
import type { Operation } from '../../packages/core/dist/memory/atomics-model.js';

export const DONE = 0; // 1 when the baton is back at the explorer
export const ENDING = 1; // one of Ending
export const STEPS = 2; // rows in LOG
export const LAST = 3; // the thread of the last step, or NOBODY
export const THREADS = 4;
export const WAITER_COUNT = 5;
export const SCRIPT_LENGTH = 6;
export const VICTIM = 7; // the thread to kill, or NOBODY
export const FATAL_TURN = 8; // …when it asks for this turn of its own, counted from 0
export const KILLED_AT = 9; // step before which it died, or NOBODY
export const PLAIN_STEPS = 10; // 1: the code after an operation is a step of its own
export const EARLY_TIMEOUTS = 11; // 1: a timed wait may end at any time; 0: only when nobody else can go on

export const GATE = 0; // one of Gate
export const STATE = 1; // one of State
export const STARTED = 2; // 1 once its program was entered
export const SLEEPS_ON = 3; // its waiter, while asleep
export const TIMED = 4; // 1: asleep, but not for ever
export const STARTS_AFTER = 5; // the thread whose end lets this one start, or NOBODY
export const TURNS = 6; // turns taken
export const RESULT_BYTES = 7; // length of its result's JSON
export const DAEMON = 8; // 1: may be asleep when the schedule ends
export const SKIP = 9; // 1: the step it would take was explored from here already (reduce)
export const SKIP_OPERATION = 10; // that step's operation…
export const SKIP_WORD = 11; // …and word
export const SLEEPS_ALSO_ON = 12; // the other waiter that ends its sleep, or NOBODY

export const ROW_THREAD = 0;
export const ROW_OPERATION = 1; // index into STEP_KINDS
export const ROW_WORD = 2; // packed by `packWord`, or NOBODY
export const ROW_FIRST = 3; // operands
export const ROW_SECOND = 4;
export const ROW_RESULT = 5;
export const ROW_CHOICES = 6; // bit i: thread i could have gone on

export const NOBODY = -1;
export const MAX_THREADS = 8; // arbitrary; three threads are already many to explore
export const MAX_STEPS = 2_000; // a step each; a schedule this long means a thread that spins
export const MAX_RESULT_BYTES = 4_096; // JSON of a thread's result or error

const THREAD_BASE = 16;
const THREAD_WORDS = 16; // a cache line each, so that a gate is not slowed down by its neighbour
const SCRIPT_BASE = THREAD_BASE + MAX_THREADS * THREAD_WORDS;
const LOG_BASE = SCRIPT_BASE + MAX_STEPS;
const ROW_WORDS = 8;
const WAITERS_BASE = LOG_BASE + MAX_STEPS * ROW_WORDS;
export const CONTROL_WORDS = WAITERS_BASE + MAX_STEPS * 2;

export const Gate = { closed: 0, go: 1, unwind: 2, leave: 3 } as const;
export const State = { ready: 0, asleep: 1, finished: 2, failed: 3, killed: 4 } as const;
export const Ending = { none: 0, complete: 1, deadlock: 2, endless: 3, failed: 4, redundant: 5 } as const;

export type StepKind = 'nothing' | 'plain code' | 'sleep' | 'timed sleep' | Operation;
export const STEP_KINDS: readonly StepKind[] = [
  'nothing',
  'plain code',
  'sleep',
  'timed sleep',
  'load',
  'store',
  'cas',
  'add',
  'or',
  'notify',
  'waitAsync',
  'wait',
];
const PLAIN_CODE = STEP_KINDS.indexOf('plain code');
const TIMED_SLEEP = STEP_KINDS.indexOf('timed sleep');
const LOAD = STEP_KINDS.indexOf('load');

export const threadAt = (thread: number): number => THREAD_BASE + thread * THREAD_WORDS;
export const scriptAt = (step: number): number => SCRIPT_BASE + step;
export const rowAt = (step: number): number => LOG_BASE + step * ROW_WORDS;
export const waiterAt = (waiter: number): number => WAITERS_BASE + waiter * 2;

/** A word's number in the log: which buffer, which word in it. */
export const packWord = (buffer: number, index: number): number => (buffer << 24) | index;
export const unpackWord = (word: number): readonly [buffer: number, index: number] => [
  word >> 24,
  word & 0xff_ffff,
];

/** Whether the order of two neighbouring steps of different threads can matter. */
export function dependent(operationA: number, wordA: number, operationB: number, wordB: number): boolean {
  // Whether a sleeper may time out depends on what everybody else can do.
  if (operationA === TIMED_SLEEP || operationB === TIMED_SLEEP) return true;
  if (operationA === PLAIN_CODE && operationB === PLAIN_CODE) return true;
  if (wordA !== wordB || wordA === NOBODY) return false;
  return operationA !== LOAD || operationB !== LOAD;
}

export function openGate(control: Int32Array, thread: number, gate: number): void {
  Atomics.store(control, threadAt(thread) + GATE, gate);
  Atomics.notify(control, threadAt(thread) + GATE, 1);
}

/** Gives the baton back to the explorer. */
export function finishSchedule(control: Int32Array): void {
  Atomics.store(control, DONE, 1);
  Atomics.notify(control, DONE, 1);
}

/** Decides the next step and opens its row in the log. NOBODY when the schedule is over; ENDING then says why. */
export function chooseNext(control: Int32Array): number {
  const step = control[STEPS]!;
  const choices = runnable(control);
  const open = step < control[SCRIPT_LENGTH]! ? choices : choices & ~skipped(control, step);
  if (open === 0 || step === MAX_STEPS) {
    control[ENDING] =
      choices === 0 ? quietEnding(control) : step === MAX_STEPS ? Ending.endless : Ending.redundant;
    return NOBODY;
  }
  const next = step < control[SCRIPT_LENGTH]! ? control[scriptAt(step)]! : stayOrLowest(open, control[LAST]!);
  const row = rowAt(step);
  control.fill(0, row, row + ROW_WORDS);
  control[row + ROW_THREAD] = next;
  control[row + ROW_WORD] = NOBODY;
  control[row + ROW_CHOICES] = choices;
  control[STEPS] = step + 1;
  control[LAST] = next;
  return next;
}

function stayOrLowest(choices: number, last: number): number {
  return last !== NOBODY && (choices & (1 << last)) !== 0 ? last : 31 - Math.clz32(choices & -choices);
}

/** The threads that can go on, as bits. */
function runnable(control: Int32Array): number {
  let ready = 0;
  let timed = 0;
  for (let thread = 0; thread < control[THREADS]!; thread++) {
    const at = threadAt(thread);
    const state = control[at + STATE]!;
    if (state === State.ready && mayStart(control, at)) ready |= 1 << thread;
    if (state !== State.asleep) continue;
    if (isWoken(control, at)) ready |= 1 << thread;
    else if (control[at + TIMED] === 1) timed |= 1 << thread;
  }
  return control[EARLY_TIMEOUTS] === 1 || ready === 0 ? ready | timed : ready;
}

function isWoken(control: Int32Array, at: number): boolean {
  if (control[waiterAt(control[at + SLEEPS_ON]!) + 1] === 0) return true;
  const other = control[at + SLEEPS_ALSO_ON]!;
  return other !== NOBODY && control[waiterAt(other) + 1] === 0;
}

function mayStart(control: Int32Array, at: number): boolean {
  const awaited = control[at + STARTS_AFTER]!;
  if (awaited === NOBODY || control[at + STARTED] === 1) return true;
  const state = control[threadAt(awaited) + STATE]!;
  return state === State.finished || state === State.killed;
}

/** Nobody can go on: in order only if all who are left are daemons, killed, or wait to start for an end that never came. */
function quietEnding(control: Int32Array): number {
  for (let thread = 0; thread < control[THREADS]!; thread++) {
    const at = threadAt(thread);
    if (control[at + STATE] === State.asleep && control[at + DAEMON] === 0) return Ending.deadlock;
  }
  return Ending.complete;
}

/** The threads whose next step need not be tried here; the last step wakes up those that depend on it. */
function skipped(control: Int32Array, step: number): number {
  const row = rowAt(step - 1);
  let mask = 0;
  for (let thread = 0; thread < control[THREADS]!; thread++) {
    const at = threadAt(thread);
    if (control[at + SKIP] === 0) continue;
    const awake =
      step > 0 &&
      dependent(
        control[at + SKIP_OPERATION]!,
        control[at + SKIP_WORD]!,
        control[row + ROW_OPERATION]!,
        control[row + ROW_WORD]!,
      );
    if (awake) control[at + SKIP] = 0;
    else mask |= 1 << thread;
  }
  return mask;
}
