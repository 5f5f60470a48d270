import type { Sleep } from '@ringloop/threadsafe/internal';
import type { ModelThread } from './worker.js';

/** What coroutines sleep on where there is no loop. */
export class ModelSleep implements Sleep {
  readonly token = this;
  woken = false;

  wake(): boolean {
    this.woken = true;
    return true;
  }

  end(): void {
    // Nobody waits for it.
  }
}

export const sleepHere = (): Sleep => new ModelSleep();

/** Runs a coroutine to its end; whenever it sleeps, the thread does. */
export async function finish<T>(coroutine: Generator<unknown, T, unknown>, thread: ModelThread): Promise<T> {
  for (let step = coroutine.next(); ; step = coroutine.next()) {
    if (step.done === true) return step.value;
    await wokenUp(step.value as ModelSleep, thread); // nothing else is yielded here
  }
}

/** Lets a coroutine wait, and cancels it where it sleeps. What it returns where it need not. */
export function cancelAsleep<T>(coroutine: Generator<unknown, T, unknown>): T | null {
  const step = coroutine.next();
  if (step.done === true) return step.value;
  const cancellation = new Error('cancelled');
  try {
    coroutine.throw(cancellation);
  } catch (thrown) {
    if (thrown !== cancellation) throw thrown;
  }
  return null;
}

/** The thread sleeps until the coroutine is woken, however often it is woken for somebody else. */
export async function wokenUp(sleep: ModelSleep, { atomics }: ModelThread): Promise<void> {
  while (!sleep.woken) {
    atomics.sleepUntilWoken();
    await Promise.resolve(); // what the waiter's promise brings about
  }
}
