/**
 * The sending side of arguments.ts. A plan says how the arguments of one call will be written, before room for them is claimed. Its
 * call owns it from `planArguments()` to `release()`: a getter that runs meanwhile, or a callback that runs while the call waits for
 * room, may make calls of its own, and these have other plans.
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
import { mustMove, refuseOthers, transferredBy } from './transfer.js';

/** Larger arguments go out of band, so that one call does not fill the ring. */
const LARGEST_IN_RING = 1 << 20;

/** A port between two threads, by which memory and ports can be moved. */
export interface MovingPort {
  /** Returns the number of the message. Throws what `postMessage()` throws. */
  send(value: unknown, transferList: readonly Transferable[]): number;
}

/** A message beside the ring. */
export interface OutOfBand {
  readonly value: unknown;
  /** About how large it is. */
  readonly weightBytes: number;
  /** The port that it goes by; null: the broadcast channel. */
  readonly port: MovingPort | null;
  /** What moves there instead of being copied. */
  readonly transferList: readonly Transferable[];
}

/** How the arguments of one call will be written. */
export class ArgumentPlan {
  /** The tags word of the record. */
  tags = PLAIN;
  /** What the whole record takes. */
  sizeBytes = 0;
  /** Sent when there is room for the record that names it; null: the arguments stand in the ring. */
  outOfBand: OutOfBand | null = null;
  /** Buffers to detach once the call is accepted. */
  transferred: readonly ArrayBuffer[] | null = null;
  readonly #draft = new Draft();
  /** The serialized arguments; null: the draft has them, or they go out of band. */
  #bytes: Buffer | null = null;

  /**
   * @param sent whose arguments they are, for messages
   * @param port finds the port to the other thread, if there is one
   * @throws {CloneError} naming the argument that cannot be sent
   */
  prepare(args: readonly unknown[], sent: Sent, port: () => MovingPort | null): void {
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
    this.outOfBand = { value: messageOf(parcel), weightBytes: parcel.weightBytes, port, transferList };
    this.tags = (port === null ? BROADCAST : PORT) | packedFlag(parcel);
    this.sizeBytes = RECORD_BYTES + 8;
  }

  /** Fixes what the arguments are now: user code may change them before they are written. */
  freeze(): void {
    this.#draft.freeze();
  }

  /** Writes the arguments behind the fixed part of the record at word `at`. @param messageNumber as `sendOutOfBand()` gave it */
  write(ring: Ring, at: number, messageNumber: number): void {
    const { words, bytes } = ring;
    const word = at + RECORD_BYTES / 4;
    if (this.#bytes !== null) {
      words[word] = this.#bytes.byteLength;
      bytes.set(this.#bytes, (word + 1) * 4);
    } else if (this.outOfBand !== null) words[word] = messageNumber;
    else this.#draft.write(ring, word);
  }

  /** The call is over. */
  release(): void {
    this.#draft.clear();
    this.#bytes = this.outOfBand = this.transferred = null;
    idle.push(this);
  }
}

/** Plans between two calls: a call allocates none. As many as calls were ever under way in each other. */
const idle: ArgumentPlan[] = [];

/** A plan for these arguments, to be released. @throws as `ArgumentPlan.prepare()` does */
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
 * Sends what a plan has beside the ring. User code may run meanwhile and may call into the same inbox, so claim again.
 * @param broadcast sends by the broadcast channel, and returns the number there
 * @returns the number of the message; null where memory was to be moved that Node does not let go: it can be copied
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

/** Null: it cannot be serialized. Posting it tells why. */
function serialize(value: unknown): Buffer | null {
  // DefaultSerializer writes views in a way of its own; this one writes them as structured clone does.
  const serializer = new Serializer();
  serializer.writeHeader();
  try {
    serializer.writeValue(value);
  } catch {
    return null;
  }
  return serializer.releaseBuffer();
}
