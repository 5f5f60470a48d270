/**
 * The number of ignored writes without a warning; each further one is warned about. CPython:
 * LOG_THRESHOLD_FOR_CONNLOST_WRITES.
 */
const SILENT_WRITES = 5;

/**
 * open: usable. flushing: its user has closed it, and it still sends. losing: connectionLost is queued. lost:
 * connectionLost was called. The state changes only in this order, but may skip steps.
 */
export type ClosingState = 'open' | 'flushing' | 'losing' | 'lost';

/** The end of a transport, step by step. All kinds of transports share it. */
export class Closing {
  #state: ClosingState = 'open';
  /** Number of writes that came too late. The end counts as the first, as in CPython. */
  #lateWrites = 0;
  readonly #callConnectionLost: (exc: Error | null) => void;
  readonly #warning: string;

  /**
   * @param callConnectionLost calls connectionLost in the next iteration
   * @param warning for writes that come too late
   */
  constructor(callConnectionLost: (exc: Error | null) => void, warning = 'socket.send() raised exception.') {
    this.#callConnectionLost = callConnectionLost;
    this.#warning = warning;
  }

  get state(): ClosingState {
    return this.#state;
  }

  /** Whether connectionLost is queued or was called: nothing is sent or received any more. */
  get isEnding(): boolean {
    return this.#state === 'losing' || this.#state === 'lost';
  }

  /** The user closes the transport. False: it was closing already. */
  tryFlush(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'flushing';
    return true;
  }

  /** Queues connectionLost(exc). False: it was queued before. */
  tryLose(exc: Error | null): boolean {
    if (this.isEnding) return false;
    this.#state = 'losing';
    this.#lateWrites++;
    this.#callConnectionLost(exc);
    return true;
  }

  /** Whether a write comes too late. Such a write is counted, and warned about if it is not among the first. */
  isTooLateToWrite(): boolean {
    if (!this.isEnding) return false;
    this.noteLateWrite();
    return true;
  }

  noteLateWrite(): void {
    if (this.#lateWrites >= SILENT_WRITES) console.warn(this.#warning);
    this.#lateWrites++;
  }

  /** Notes that connectionLost is being called, or that nobody will be called any more. */
  lost(): void {
    this.#state = 'lost';
  }
}
