import { type Feature, featuresOf, knows, type Version } from './features.js';
import type { Program } from './grammar/program.js';
import type { Event } from './interpret/world.js';

/** Features that do not stand in traces under their own names. */
const SIGNS: Partial<Record<Feature, RegExp>> = {
  slot: /await [tf]\d/,
  coroutine: /(await|waitFor|waitForAll|asCompleted) c\d/,
  raiseCancelled: /raise -> cancelled/,
  raiseExit: /raise -> exit/,
  cancelMessage: /CancelledError\([xyz]\)/,
  semaphore: /(with|acquire) s0/,
  eagerFactory: /^eager/,
  eagerGroup: /^eager[^]*spawnIn/,
};

/** Errors that these features must come to now and then. */
const OUTCOMES: Readonly<Record<string, Feature>> = {
  BrokenBarrierError: 'waitBarrier',
  CancelledError: 'cancel',
  ExceptionGroup: 'group',
  QueueEmpty: 'getNowait',
  QueueFull: 'putNowait',
  QueueShutDown: 'shutdown',
  StateError: 'setResult',
  TimeoutError: 'asCompleted',
  ValueError: 'taskDone',
};

/** Counts what programs do: statements that were not reached, or came to nothing, prove nothing. */
export class Coverage {
  readonly #traces = new Map<string, number>();

  add(program: Program, trace: readonly Event[]): void {
    const events = trace.map(([, , , what, outcome]) => `${what} -> ${outcome}`).join('\n');
    const text = program.eager ? `eager\n${events}` : events;
    const seen = new Set(text.match(/\w+/g));
    for (const [feature, sign] of Object.entries(SIGNS)) if (sign.test(text)) seen.add(feature);
    for (const name of seen) this.#traces.set(name, (this.#traces.get(name) ?? 0) + 1);
  }

  /** In how many traces there was each feature and outcome that a Python of that version knows. */
  of(version: Version): Map<string, number> {
    const outcomes = Object.entries(OUTCOMES).filter(([, feature]) => knows(version, feature));
    const names = [...featuresOf(version), ...outcomes.map(([outcome]) => outcome)];
    return new Map(names.map((name) => [name, this.#traces.get(name) ?? 0]));
  }
}
