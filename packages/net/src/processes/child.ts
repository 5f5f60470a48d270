import type { PipeEnd } from '../pipes/pipe-file.js';

/** A process that was started, as its transport sees it. */
export interface Child {
  readonly pid: number;
  /**
   * Calls `onExit` in the loop once the process has ended: with its exit code, with the negated number of the signal that has ended it,
   * or with 255 when somebody else has taken its code from the system.
   * @throws {SystemError} when the system refuses; the child is killed then
   */
  watch(onExit: (returncode: number) => void): void;
  /** Whether the process runs, as far as the system says at this moment. */
  isRunning(): boolean;
  /**
   * Sends it a signal. Does nothing when it has ended.
   * @throws {SystemError} EPERM, EINVAL
   */
  sendSignal(signal: number): void;
  /** The loop is closed: kills the process, and takes its code from the system when it has ended. */
  abandon(): void;
}

/** What asyncio reports when somebody else has taken the code of a child. */
export const UNKNOWN_RETURNCODE = 255;

/** Our ends of the pipes to a child, for its descriptors 0, 1 and 2; null where there is no pipe. */
export type PipeEnds<E = PipeEnd> = readonly [stdin: E | null, stdout: E | null, stderr: E | null];

/** A child that runs, and our ends of its pipes. */
export interface StartedChild {
  readonly child: Child;
  readonly ends: PipeEnds;
}
