import { END_RUN, endsTheLoop, runApart, toError, watchResult } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';
import type { BaseTransport } from './transport.js';

/** Reports what the methods of a transport's protocol throw, or what their promises reject with. */
export class ProtocolErrors {
  readonly #loop: NetLoop;
  readonly #transport: BaseTransport;

  constructor(loop: NetLoop, transport: BaseTransport) {
    this.#loop = loop;
    this.#transport = transport;
  }

  /** A method has returned `result`. A promise that rejects has failed like a method that throws. */
  watch(result: unknown, failed: (thrown: unknown) => void): void {
    if (typeof result !== 'object' || result === null) return;
    watchResult(result, (thrown) => {
      if (endsTheLoop(thrown)) this.#loop[END_RUN](thrown);
      else failed(thrown);
    });
  }

  /** Tells the exception handler, unless the error is meant to end the loop. Throws such an error. */
  report(message: string, thrown: unknown): void {
    if (endsTheLoop(thrown)) throw thrown;
    this.#loop.callExceptionHandler({
      message,
      exception: toError(thrown),
      transport: this.#transport,
      protocol: this.#transport.getProtocol(),
    });
  }

  /** Calls the method of the protocol that flow control asks for. */
  tellFlow(method: 'pauseWriting' | 'resumeWriting'): void {
    const called = method === 'pauseWriting' ? 'pause_writing' : 'resume_writing';
    const failed = (thrown: unknown): void => this.report(`protocol.${called}() failed`, thrown);
    try {
      // Apart, because the code that writes may belong to another connection.
      this.watch(
        runApart(() => this.#transport.getProtocol()[method]?.()),
        failed,
      );
    } catch (thrown) {
      failed(thrown);
    }
  }
}
