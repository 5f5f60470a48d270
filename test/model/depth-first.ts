/**
 * The walk over all schedules: depth first, by replay. A schedule is run to its end; then the deepest step that has a
 * choice left is changed, everything before it replayed, and the rest left to the default (stay, else the lowest thread).
 *
 * `bound` leaves out schedules with more preemptions: switches away from a thread that could have gone on.
 * `reduce` leaves out schedules that differ only in the order of independent neighbours (sleep sets: P. Godefroid,
 * "Partial-Order Methods for the Verification of Concurrent Systems", 1996, chapter 5). A step tried from here need not be
 * tried again after a sibling until some step that depends on it was made.
 */
import * as c from './control.js';

interface Step {
  choice: number;
  operation: number;
  word: number;
  /** The threads that could go on here, as bits. */
  readonly choices: number;
  readonly preemptionsBefore: number;
  /** Choices still to try. */
  readonly untried: number[];
  readonly skip: { readonly choice: number; readonly operation: number; readonly word: number }[];
}

export class DepthFirst {
  readonly #bound: number;
  readonly #reduce: boolean;
  readonly #steps: Step[] = [];

  constructor(bound: number, reduce: boolean) {
    this.#bound = bound;
    this.#reduce = reduce;
  }

  /** Writes the next schedule into fresh control words. */
  prescribe(control: Int32Array): void {
    control[c.SCRIPT_LENGTH] = this.#steps.length;
    this.#steps.forEach((step, i) => (control[c.scriptAt(i)] = step.choice));
    for (const { choice, operation, word } of this.#steps.at(-1)?.skip ?? []) {
      const at = c.threadAt(choice);
      control[at + c.SKIP] = 1;
      control[at + c.SKIP_OPERATION] = operation;
      control[at + c.SKIP_WORD] = word;
    }
  }

  /** Takes over the log of the schedule that was run. */
  learn(control: Int32Array): void {
    const replayed = this.#steps.length - 1;
    for (let i = 0; i < control[c.STEPS]!; i++) {
      const row = c.rowAt(i);
      const operation = control[row + c.ROW_OPERATION]!;
      const word = control[row + c.ROW_WORD]!;
      const choices = control[row + c.ROW_CHOICES]!;
      if (i > replayed) this.#steps.push(this.#newStep(i, control[row + c.ROW_THREAD]!, choices));
      const step = this.#steps[i]!;
      if (i < replayed && (step.operation !== operation || step.word !== word || step.choices !== choices)) {
        throw new Error(
          `Cannot replay: step ${i} of the same schedule was another one before, so a thread is not deterministic`,
        );
      }
      step.operation = operation;
      step.word = word;
    }
  }

  /** Moves on to the next schedule; false when all were run. */
  advance(): boolean {
    for (let step = this.#steps.at(-1); step !== undefined; step = this.#steps.at(-1)) {
      if (this.#reduce) step.skip.push({ choice: step.choice, operation: step.operation, word: step.word });
      const next = step.untried.pop();
      if (next !== undefined) {
        step.choice = next;
        return true;
      }
      this.#steps.pop();
    }
    return false;
  }

  #newStep(index: number, choice: number, choices: number): Step {
    const previous = this.#steps[index - 1];
    const skip =
      previous?.skip.filter((s) => !c.dependent(s.operation, s.word, previous.operation, previous.word)) ??
      [];
    const step: Step = {
      choice,
      choices,
      operation: 0,
      word: c.NOBODY,
      preemptionsBefore:
        previous === undefined
          ? 0
          : previous.preemptionsBefore + this.#cost(index - 1, previous.choice, previous.choices),
      untried: [],
      skip,
    };
    for (let other = c.MAX_THREADS - 1; other >= 0; other--) {
      if (other === choice || (choices & (1 << other)) === 0 || skip.some((s) => s.choice === other))
        continue;
      if (step.preemptionsBefore + this.#cost(index, other, choices) <= this.#bound) step.untried.push(other);
    }
    return step;
  }

  /** 1 if choosing `choice` at a step takes the turn from a thread that could go on. */
  #cost(index: number, choice: number, choices: number): number {
    const last = this.#steps[index - 1]?.choice;
    return last === undefined || last === choice || (choices & (1 << last)) === 0 ? 0 : 1;
  }
}
