/**
 * Has the C library look up names in a thread of its own, for the flags that node:dns does not know. It is not the loop's
 * executor, whose jobs would be waited for. The thread is started for the first question, shared by all loops of this thread,
 * and ended when there was no question for a while.
 */
import { Worker } from 'node:worker_threads';
import { toError } from '@ringloop/core/internal';
import { LateAnswer } from '../late-answer.js';
import type { NetLoop } from '../loop-net.js';
import type { AddressInfo, Hints } from './address-info.js';

type Question =
  | {
      readonly kind: 'getaddrinfo';
      readonly host: string | null;
      readonly service: string | null;
      readonly hints: Hints;
    }
  | { readonly kind: 'getnameinfo'; readonly address: Uint8Array; readonly flags: number };

export interface LookupRequest {
  readonly number: number;
  readonly question: Question;
}

/** The result of libc-names.ts for the question; a number is an EAI_ code. */
export interface LookupAnswer {
  readonly number: number;
  readonly result: AddressInfo[] | [host: string, service: string] | number;
}

interface Waiter {
  answered(result: LookupAnswer['result']): void;
  failed(error: Error): void;
}

/** Ms without a question after which the thread is ended. Arbitrary: it costs 40 ms to start, and some MiB to keep. */
const IDLE_MS = 5_000;

class LookupThread {
  readonly #worker = new Worker(new URL('./lookup-worker.js', import.meta.url), { execArgv: [] });
  readonly #waiters = new Map<number, Waiter>();
  readonly #ended: () => void;
  #asked = 0;
  #idle: NodeJS.Timeout | null = null;

  constructor(ended: () => void) {
    this.#ended = ended;
    this.#worker.on('message', ({ number, result }: LookupAnswer) => {
      this.#take(number)?.answered(result);
    });
    this.#worker.on('error', (thrown) => this.#fail(toError(thrown)));
    this.#worker.on('exit', (code) =>
      this.#fail(new Error(`The resolver's thread has ended (exit code ${code})`)),
    );
    this.#worker.unref(); // a loop that waits keeps the process alive
  }

  ask(question: Question, waiter: Waiter): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const number = this.#asked++;
    this.#waiters.set(number, waiter);
    this.#worker.postMessage({ number, question } satisfies LookupRequest);
  }

  #take(number: number): Waiter | undefined {
    const waiter = this.#waiters.get(number);
    this.#waiters.delete(number);
    if (this.#waiters.size === 0) this.#idle = setTimeout(() => this.#end(), IDLE_MS).unref();
    return waiter;
  }

  #end(): void {
    this.#ended();
    void this.#worker.terminate(); // nobody waits for an answer
  }

  #fail(error: Error): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#ended();
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.failed(error);
  }
}

let current: LookupThread | null = null;

/** Asks the thread. Resolves with the result of libc-names.ts. */
export async function askLookupThread<R extends LookupAnswer['result']>(
  loop: NetLoop,
  question: Question,
): Promise<R> {
  const answer = new LateAnswer<R>(loop);
  const thread = (current ??= new LookupThread(() => {
    if (current === thread) current = null;
  }));
  thread.ask(question, {
    answered: (result) => answer.resolve(result as R), // of the kind that the question asks for
    failed: (error) => answer.reject(error),
  });
  return await answer.future;
}
