/**
 * The scheduler of one thread under the explorer: it implements the port of the model seam on the shared control words.
 * Everything here runs while this thread holds the baton, except the wait at its gate.
 */
import type { Operation, ThreadScheduler } from '../../packages/core/dist/memory/atomics-model.js';
import * as c from './control.js';

/** Unwinds a thread whose schedule is over: killed, asleep for ever, or overtaken by a failure elsewhere. */
export class ScheduleOver extends Error {}

// Looks at the gate this often before sleeping at it: a hand-over to a thread that still looks needs no system call.
const GATE_LOOKS = 1_000; // 2 cores, two threads of 8 operations: 2,400 schedules/s with 0, 5,500 with 1,000, 3,200 with 10,000

export class GateScheduler implements ThreadScheduler {
  readonly #control: Int32Array;
  readonly #buffers: readonly SharedArrayBuffer[];
  readonly #thread: number;
  readonly #at: number;
  #holdsTurn = false;
  #over = false;

  constructor(control: Int32Array, buffers: readonly SharedArrayBuffer[], thread: number) {
    this.#control = control;
    this.#buffers = buffers;
    this.#thread = thread;
    this.#at = c.threadAt(thread);
  }

  /** Waits until the explorer wants this thread to run its program, or to leave. */
  awaitStart(): 'run' | 'leave' {
    if (this.#passGate() === c.Gate.leave) return 'leave';
    this.#over = false;
    this.#holdsTurn = true; // the turn that started the program is the one of its first operation
    this.#control[this.#at + c.STARTED] = 1;
    this.#control[this.#at + c.TURNS] = 1;
    return 'run';
  }

  /** The program is at its end, in `state`. */
  end(state: number): void {
    const control = this.#control;
    if (this.#over) {
      c.finishSchedule(control);
      return;
    }
    control[this.#at + c.STATE] = state;
    if (state === c.State.failed) control[c.ENDING] = c.Ending.failed;
    const next = state === c.State.failed ? c.NOBODY : c.chooseNext(control);
    if (next === c.NOBODY) c.finishSchedule(control);
    else c.openGate(control, next, c.Gate.go);
  }

  takeTurn(operation: Operation, words: Int32Array, index: number, operands: readonly number[]): void {
    const word = this.#wordOf(words, index);
    this.#nextTurn();
    const row = this.#row(operation, word);
    const [first = 0, second = 0] = operands;
    this.#control[row + c.ROW_FIRST] = first === Infinity ? -1 : first;
    this.#control[row + c.ROW_SECOND] = second;
  }

  endTurn(result: number): void {
    this.#control[c.rowAt(this.#control[c.STEPS]! - 1) + c.ROW_RESULT] = result;
    if (this.#control[c.PLAIN_STEPS] === 0) return;
    this.#nextTurn();
    this.#row('plain code', c.NOBODY);
  }

  addWaiter(words: Int32Array, index: number): number {
    const waiter = this.#control[c.WAITER_COUNT]!;
    this.#control[c.WAITER_COUNT] = waiter + 1;
    this.#control[c.waiterAt(waiter)] = this.#wordOf(words, index);
    this.#control[c.waiterAt(waiter) + 1] = 1;
    return waiter;
  }

  wake(words: Int32Array, index: number, count: number): number {
    const control = this.#control;
    const word = this.#wordOf(words, index);
    let woken = 0;
    for (let waiter = 0; waiter < control[c.WAITER_COUNT]! && woken < count; waiter++) {
      if (control[c.waiterAt(waiter)] !== word || control[c.waiterAt(waiter) + 1] === 0) continue;
      control[c.waiterAt(waiter) + 1] = 0;
      woken++;
    }
    return woken;
  }

  isWoken(waiter: number): boolean {
    return this.#control[c.waiterAt(waiter) + 1] === 0;
  }

  sleep(waiter: number, timed: boolean, other: number = c.NOBODY): 'ok' | 'timed-out' {
    const control = this.#control;
    control[this.#at + c.STATE] = c.State.asleep;
    control[this.#at + c.SLEEPS_ON] = waiter;
    control[this.#at + c.SLEEPS_ALSO_ON] = other;
    control[this.#at + c.TIMED] = timed ? 1 : 0;
    this.#nextTurn();
    control[this.#at + c.STATE] = c.State.ready;
    const timedOut = timed && !this.isWoken(waiter);
    if (timedOut) control[c.waiterAt(waiter) + 1] = 0; // a waiter whose time is up is not there any more
    const row = this.#row(timed ? 'timed sleep' : 'sleep', control[c.waiterAt(waiter)]!);
    control[row + c.ROW_RESULT] = timedOut ? 1 : 0;
    if (control[c.PLAIN_STEPS] === 1) this.endTurn(timedOut ? 1 : 0);
    return timedOut ? 'timed-out' : 'ok';
  }

  #row(kind: c.StepKind, word: number): number {
    const row = c.rowAt(this.#control[c.STEPS]! - 1);
    this.#control[row + c.ROW_OPERATION] = c.STEP_KINDS.indexOf(kind);
    this.#control[row + c.ROW_WORD] = word;
    return row;
  }

  /** Hands the baton to whoever goes next and returns when it is this thread's turn. */
  #nextTurn(): void {
    if (this.#over) throw new ScheduleOver('The schedule of this thread is over');
    if (this.#holdsTurn) {
      this.#holdsTurn = false;
      return;
    }
    const control = this.#control;
    if (this.#thread === control[c.VICTIM] && control[this.#at + c.TURNS] === control[c.FATAL_TURN]) {
      control[this.#at + c.STATE] = c.State.killed;
      control[c.KILLED_AT] = control[c.STEPS]!;
    }
    const next = c.chooseNext(control);
    if (next !== this.#thread) {
      if (next === c.NOBODY) c.finishSchedule(control);
      else c.openGate(control, next, c.Gate.go);
      if (this.#passGate() === c.Gate.unwind) {
        this.#over = true;
        throw new ScheduleOver('The schedule of this thread is over');
      }
    }
    control[this.#at + c.TURNS]!++;
  }

  #passGate(): number {
    const control = this.#control;
    const gateAt = this.#at + c.GATE;
    let gate: number = c.Gate.closed;
    for (let looks = 0; gate === c.Gate.closed; looks++) {
      if (looks > GATE_LOOKS) Atomics.wait(control, gateAt, c.Gate.closed);
      gate = Atomics.load(control, gateAt);
    }
    Atomics.store(control, gateAt, c.Gate.closed);
    return gate;
  }

  #wordOf(words: Int32Array, index: number): number {
    const buffer = this.#buffers.indexOf(words.buffer as SharedArrayBuffer); // an ArrayBuffer is simply not found
    if (buffer < 0) throw new Error('Cannot schedule an operation on a buffer that setup() did not make');
    if (index < 0 || index >= words.length)
      throw new RangeError(`Cannot reach word ${index} of ${words.length}`);
    return c.packWord(buffer, words.byteOffset / 4 + index);
  }
}
