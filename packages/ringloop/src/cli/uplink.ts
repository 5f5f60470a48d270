import type { Answer } from './answer.js';

/** The client's end of a connection to the digest service: one file at a time. */
export interface Uplink {
  /** Announces a file of so many bytes. */
  begin(bytes: number): Promise<void>;
  /** Sends a copy of `chunk`: the caller may reuse its memory at once. Resolves when there is room for another chunk. */
  send(chunk: Uint8Array): Promise<void>;
  /** Resolves with the answer to the file that was sent. */
  receive(): Promise<Answer>;
  /** Closes the connection, and resolves when it is gone. */
  close(): Promise<void>;
}
