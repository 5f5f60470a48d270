import type { Streamed } from './client.js';
import type { ServiceActivity } from './digest-service.js';
import type { LoopActivity } from './loop-activity.js';
import type { Count } from './tally.js';

export interface ServingLoop extends Count, ServiceActivity {
  readonly name: string;
}

/** The result of a run. `--json` prints this object. */
export interface Report {
  /** Whether every file was digested, and correctly. */
  readonly ok: boolean;
  readonly interrupted: boolean;
  readonly files: number;
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly mismatches: number;
  readonly seconds: number;
  /** Median time from opening a file to its answer, in ms; null when there was no answer. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Calls that all loops together received from other threads. */
  readonly crossThreadCalls: number;
  readonly loops: readonly ServingLoop[];
  readonly client: LoopActivity;
  readonly main: LoopActivity;
}

export interface ReportParts {
  readonly streamed: Streamed;
  readonly interrupted: boolean;
  readonly loops: readonly ServingLoop[];
  readonly main: LoopActivity;
}

/**
 * @throws {Error} when the loops have reported fewer files than the client has sent: reports were lost. More is normal,
 * because other clients may have connected
 */
export function makeReport({ streamed, interrupted, loops, main }: ReportParts): Report {
  const sum = (count: (loop: ServingLoop) => number): number =>
    loops.reduce((total, loop) => total + count(loop), 0);
  const files = sum((loop) => loop.files);
  if (files < streamed.files) {
    throw new Error(`The loops have reported ${files} files, and the client has sent ${streamed.files}`);
  }
  const { mismatches, seconds, p50Ms, p99Ms, activity: client } = streamed;
  return {
    ok: mismatches.length === 0 && !interrupted,
    interrupted,
    files,
    bytes: sum((loop) => loop.bytes),
    compressedBytes: sum((loop) => loop.compressedBytes),
    mismatches: mismatches.length,
    seconds,
    p50Ms,
    p99Ms,
    crossThreadCalls: sum((loop) => loop.callsReceived) + client.callsReceived + main.callsReceived,
    loops,
    client,
    main,
  };
}
