/**
 * The sending side of arguments.ts. A plan says how the arguments of one call will be written, before room for them is
 * claimed. A call owns its plan from `planArguments()` to `write()`, or to `release()` if it fails before. Getters that run meanwhile, and callbacks that
 * run while the call waits for room, may make calls of their own: these have other plans.
 */
import { types } from 'node:util';
import { Serializer } from 'node:v8';
import type { Transferable } from 'node:worker_threads';
import { RECORD_BYTES } from '../memory/record.js';
import type { Ring } from '../memory/ring.js';
import { BROADCAST, COUNT_SHIFT, PACKED, PLAIN, PORT, SERIALIZED } from './arguments.js';
import { cloneFailure, type Sent } from './clone-failure.js';
import { messageOf, pack, packArguments, type Parcel } from './packing.js';
import { Draft } from './plain-writer.js';
import type { Wire } from './sendable.js';
import { mustMove, refuseOthers, transferredBy } from './transfer.js';

/** Larger arguments go out of band, so that one call does not fill the ring. */
const LARGEST_IN_RING = 1 << 20;

/** A port between two threads. It can move memory and ports. */
export interface MovingPort {
  /** Returns the number of the message. Throws what `postMessage()` throws. */
  send(value: unknown, transferList: readonly Transferable[]): number;
}

/** An out-of-band message. */
export interface OutOfBand {
  readonly value: unknown;
  /** The wires in it; null: there are none. */
  readonly wires: readonly Wire[] | null;
  /** Its approximate size, in bytes. */
  readonly weightBytes: number;
  /** The port that it is sent by. Null: the broadcast channel. */
  readonly port: MovingPort | null;
  /** What is moved instead of copied. */
  readonly transferList: readonly Transferable[];
}

/** How the arguments of one call will be written. */
export class ArgumentPlan {
  /** The tags word of the record. */
  tags = PLAIN;
  /** The size of the whole record. */
  sizeBytes = 0;
  /** The message that is sent when there is room for its record. Null: the arguments are in the ring. */
  outOfBand: OutOfBand | null = null;
  /** Buffers to detach once the call is accepted. */
  transferred: readonly ArrayBuffer[] | null = null;
  readonly #draft = new Draft();
  /** The serialized arguments. Null: the draft has them, or they are sent out of band. */
  #bytes: Buffer | null = null;
  #isIdle = false;

  /**
   * Plans how to write the arguments.
   * @param sent the function or the action that the arguments are for, for messages
   * @param port finds the port to the other thread, if there is one
   * @throws {CloneError} naming the argument that cannot be sent
   */
  prepare(args: readonly unknown[], sent: Sent, port: () => MovingPort | null): void {
    this.#isIdle = false;
    this.outOfBand = this.#bytes = null;
    try {
      const taken = transferredBy(args);
      this.transferred = taken?.buffers ?? null;
      if (taken !== null && mustMove(taken)) {
        const direct = port();
        if (direct !== null) {
          this.transferred = null; // moved with the message, not detached afterwards
          this.#sendBeside(pack(args), direct, taken.all);
          return;
        }
        refuseOthers(taken);
      }
      const words = this.#draft.collect(args);
      if (words < 0) this.#serialize(packArguments(args), port);
      else {
        this.tags = PLAIN | (args.length << COUNT_SHIFT);
        this.sizeBytes = (RECORD_BYTES + words * 4 + 7) & ~7;
      }
    } catch (cause) {
      throw cloneFailure(args, sent, cause);
    }
  }

  #serialize(parcel: Parcel, port: () => MovingPort | null): void {
    const bytes = parcel.shares || parcel.holdsNodes ? null : serialize(messageOf(parcel));
    if (bytes === null || bytes.byteLength > LARGEST_IN_RING) {
      this.#sendBeside(parcel, port(), []);
      return;
    }
    this.#bytes = bytes;
    this.tags = SERIALIZED | packedFlag(parcel);
    this.sizeBytes = RECORD_BYTES + ((4 + bytes.byteLength + 7) & ~7);
  }

  #sendBeside(parcel: Parcel, port: MovingPort | null, transferList: readonly Transferable[]): void {
    const { wires, weightBytes } = parcel;
    this.outOfBand = { value: messageOf(parcel), wires, weightBytes, port, transferList };
    this.tags = (port === null ? BROADCAST : PORT) | packedFlag(parcel);
    this.sizeBytes = RECORD_BYTES + 8;
  }

  /** Copies byte arrays as they are now: user code may change them before they are written. */
  freeze(): void {
    this.#draft.freeze();
  }

  /**
   * Writes the arguments behind the fixed part of the record at word `at`, and releases the plan. @param messageNumber
   * the result of `sendOutOfBand()`
   */
  write(ring: Ring, at: number, messageNumber: number): void {
    const { words, bytes } = ring;
    const word = at + RECORD_BYTES / 4;
    if (this.#bytes !== null) {
      words[word] = this.#bytes.byteLength;
      bytes.set(this.#bytes, (word + 1) * 4);
    } else if (this.outOfBand !== null) words[word] = messageNumber;
    else this.#draft.write(ring, word);
    this.release();
  }

  /** Ends the call's use of this plan. Can be repeated. */
  release(): void {
    if (this.#isIdle) return;
    this.#isIdle = true;
    this.#draft.clear();
    this.#bytes = this.outOfBand = this.transferred = null;
    idle.push(this);
  }
}

/**
 * Plans that no call uses now, so that a call allocates none. There are as many as calls were ever nested in each
 * other.
 */
const idle: ArgumentPlan[] = [];

/** Returns a plan for these arguments. The caller must write or release it. @throws as `ArgumentPlan.prepare()` does */
export function planArguments(
  args: readonly unknown[],
  sent: Sent,
  port: () => MovingPort | null = (): null => null,
): ArgumentPlan {
  const plan = idle.pop() ?? new ArgumentPlan();
  try {
    plan.prepare(args, sent, port);
    return plan;
  } catch (thrown) {
    plan.release();
    throw thrown;
  }
}

/**
 * Sends the out-of-band message of a plan. User code may run meanwhile and may call into the same inbox, so claim room
 * again afterwards.
 * @param broadcast sends a value by the broadcast channel and returns its message number
 * @returns the message number; null: Node cannot move some of the memory, so copy it
 * @throws {CloneError} naming the argument that cannot be sent
 */
export function sendOutOfBand(
  { value, port, transferList }: OutOfBand,
  args: readonly unknown[],
  broadcast: (value: unknown) => number,
  sent: Sent,
): number | null {
  try {
    return port === null ? broadcast(value) : port.send(value, transferList);
  } catch (cause) {
    if (transferList.length > 0 && transferList.every((item) => types.isArrayBuffer(item))) return null;
    throw cloneFailure(args, sent, cause, transferList);
  }
}

function packedFlag({ wires }: Parcel): number {
  return wires === null ? 0 : PACKED;
}

/** Returns null if the value cannot be serialized. Posting it will then throw the reason. */
function serialize(value: unknown): Buffer | null {
  // DefaultSerializer writes views in its own way. This one writes them as structured clone does.
  const serializer = new Serializer();
  serializer.writeHeader();
  try {
    serializer.writeValue(value);
  } catch {
    return null;
  }
  return serializer.releaseBuffer();
}
