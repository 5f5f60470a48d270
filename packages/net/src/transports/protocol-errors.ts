import { END_RUN, endsTheLoop, runApart, toError, watchResult } from '@ringloop/core/internal';
import type { NetLoop } from '../loop-net.js';
import type { BaseTransport } from './transport.js';

/** A method of the protocol has thrown, or its promise has rejected. */
type Failed = (message: string, thrown: unknown) => void;

/** Reports what the methods of a transport's protocol throw, or what their promises reject with. */
export class ProtocolErrors {
  readonly #loop: NetLoop;
  readonly #transport: BaseTransport;

  constructor(loop: NetLoop, transport: BaseTransport) {
    this.#loop = loop;
    this.#transport = transport;
  }

  /**
   * A method has returned `result`. A promise that rejects has failed like a method that throws.
   * @param failed what to do then: `report` is all, unless the failure is fatal
   */
  watch(result: unknown, message: string, failed: Failed = this.report): void {
    // Nearly always the case, and checked here to save a closure per call.
    if (typeof result === 'object' && result !== null) this.#watchObject(result, message, failed);
  }

  /** Tells the exception handler, unless the error is meant to end the loop. Throws such an error. */
  readonly report: Failed = (message, thrown) => {
    if (endsTheLoop(thrown)) throw thrown;
    this.#loop.callExceptionHandler({
      message,
      exception: toError(thrown),
      transport: this.#transport,
      protocol: this.#transport.getProtocol(),
    });
  };

  /** Calls the method of the protocol that flow control asks for. */
  tellFlow(method: 'pauseWriting' | 'resumeWriting'): void {
    const called = method === 'pauseWriting' ? 'pause_writing' : 'resume_writing';
    const message = `protocol.${called}() failed`;
    try {
      // Apart, because the code that writes may belong to another connection.
      this.watch(
        runApart(() => this.#transport.getProtocol()[method]?.()),
        message,
      );
    } catch (thrown) {
      this.report(message, thrown);
    }
  }

  #watchObject(result: object, message: string, failed: Failed): void {
    watchResult(result, (thrown) => {
      if (endsTheLoop(thrown)) this.#loop[END_RUN](thrown);
      else failed(message, thrown);
    });
  }
}
