/**
 * What a signal does while nobody listens for it. Node starts with dispositions of its own for some signals: SIGPIPE is
 * ignored, SIGUSR1 starts the debugger, SIGINT and SIGTERM reset the terminal before they end the process. libuv forgets
 * that: when the last listener goes, each signal gets the system's default, which ends the process for all of these.
 */
import { constants } from 'node:os';

/** Reads and writes dispositions by sigaction(2). Provided by the umbrella package, because it needs native calls. */
export interface Dispositions {
  /** What the signal does now, in the system's own form. Null: native calls are not available. */
  read(signal: number): Uint8Array | null;
  /** @param disposition what `read()` has returned */
  write(signal: number, disposition: Uint8Array): void;
}

const { SIGPIPE, SIGUSR1 } = constants.signals;

/**
 * Whether a listener for this signal must stay for ever. SIGPIPE: between the end of the last listener and the restored
 * disposition, a write to a broken pipe in any thread would end the process.
 */
export function mustStay(signal: number): boolean {
  return signal === SIGPIPE;
}

/** What a listener that stays must do itself, because its signal's disposition cannot be restored. Null: nothing. */
export function substituteFor(signal: number): (() => void) | null {
  return signal === SIGUSR1 ? startDebugger : null;
}

function startDebugger(): void {
  void import('node:inspector').then(
    ({ default: inspector }) => {
      if (inspector.url() === undefined) inspector.open();
    },
    () => undefined, // Node was built without the inspector, and then ignores the signal as well
  );
}
