/* eslint-disable @typescript-eslint/no-non-null-assertion -- word indices come from positions masked to the capacity */
/**
 * The records in a ring, one after the other.
 *
 * A record, in 32-bit words from an 8-aligned position:
 *   0  kind << 24 | size in bytes, a multiple of 8
 *   1  CELL: function << 2 | PENDING, STARTED or CANCELLED; writer and reader settle by cas who was first
 *   2  call id: the caller's number for the call, 0 if it wants no reply
 *   3  tags of the arguments (arguments.ts), whose bytes follow
 * The most common record of all, CALL_NUMBER, has its number in words 2 and 3, and nothing follows: the cost of a call
 * is mostly that of the cache lines that it moves from core to core.
 */
import type { Ring } from './ring.js';

export const RECORD_BYTES = 16;
export const JUMP_BYTES = 8;
/** The size field has 24 bits. */
export const MAX_RECORD_BYTES = (1 << 24) - 8;

export const Kind = {
  /** Nothing: the rest of the ring up to its end. */
  PAD: 1,
  /** Call a function as a plain callback. */
  CALL: 2,
  /** The same with one number. */
  CALL_NUMBER: 12,
  /** Run a function as a task, and reply with its result. */
  TASK: 3,
  /** Replies. */
  RESULT: 4,
  FAILURE: 5,
  CANCELLED: 6,
  /** Cancel a task. */
  CANCEL: 7,
  /** What a function number means. */
  DEFINE: 8,
  /** Where replies go: the address of an inbox, in an out-of-band message. */
  REPLY_TO: 9,
  /** The lane goes on in another ring, which an out-of-band message carries. */
  JUMP: 10,
} as const;

export type RecordKind = (typeof Kind)[keyof typeof Kind];

export const Cell = { PENDING: 0, STARTED: 1, CANCELLED: 2 } as const;

export function sizeOf(words: Int32Array, at: number): number {
  return words[at]! & 0xffffff;
}

export function kindOf(words: Int32Array, at: number): number {
  return words[at]! >>> 24;
}

/** Writes a JUMP record, of JUMP_BYTES. @param messageNumber the number of the message that carries the larger ring */
export function writeJump(words: Int32Array, at: number, messageNumber: number): void {
  words[at] = (Kind.JUMP << 24) | JUMP_BYTES;
  words[at + 1] = messageNumber;
}

/** Writes the fixed part of a record. @param fn the number of the function @param callId 0: no reply is wanted */
export function writeRecord(
  words: Int32Array,
  at: number,
  kind: RecordKind,
  sizeBytes: number,
  fn: number,
  callId: number,
  tags: number,
): void {
  words[at] = (kind << 24) | sizeBytes;
  words[at + 1] = fn << 2; // Cell.PENDING
  words[at + 2] = callId;
  words[at + 3] = tags;
}

/** Writes a whole CALL_NUMBER record, of RECORD_BYTES. */
export function writeCallWithNumber(ring: Ring, at: number, fn: number, value: number): void {
  ring.words[at] = (Kind.CALL_NUMBER << 24) | RECORD_BYTES;
  ring.words[at + 1] = fn << 2; // Cell.PENDING
  ring.floats[(at >> 1) + 1] = value;
}
