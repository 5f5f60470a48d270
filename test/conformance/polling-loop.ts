import { BaseEventLoop, type LoopPorts, VirtualHost } from '@ringloop/core';
import { CountingHost } from '../core/counting-host.js';

/**
 * A loop with an invented selector, for cases that CPython writes with a mocked one: how often it was polled, with what timeout,
 * and what its events are. Its time is virtual and jumps.
 */
export class PollingLoop extends BaseEventLoop {
  readonly #host: CountingHost;
  /** How often the loop has asked for events: once an iteration. */
  polls = 0;
  onPoll: (loop: PollingLoop) => void = () => undefined;

  static create(ports: LoopPorts = {}): PollingLoop {
    return new PollingLoop(new CountingHost(new VirtualHost({ autojump: true, startAt: 1000 })), ports);
  }

  private constructor(host: CountingHost, ports: LoopPorts) {
    super({ host, ...ports });
    this.#host = host;
  }

  /** The deadlines that the loop has slept until, in seconds of its clock. */
  get sleeps(): readonly number[] {
    return this.#host.sleeps;
  }

  protected override pollEvents(): void {
    this.polls++;
    this.onPoll(this);
  }
}
