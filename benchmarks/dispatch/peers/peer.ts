/**
 * One way of calling from this thread into another, each used as its documentation advises. The other side counts what
 * arrives, and does nothing else.
 */
export interface Peer {
  /** Makes `calls` calls; resolves when the last one has run there. @throws {Error} when some were lost */
  flood(calls: number): Promise<void>;
  close(): Promise<unknown>;
}

/** The same the other way round: one call there and one back, as seen by who awaits it. */
export interface EchoPeer {
  roundTrip(): Promise<void>;
  close(): Promise<unknown>;
}

export function checkCount(arrived: number, calls: number): void {
  if (arrived !== calls) throw new Error(`Lost calls: ${arrived} of ${calls} arrived`);
}
