import { LoopStateError } from '@ringloop/core';
import { checkCallback, isStopFunction } from '@ringloop/core/internal';
import { planArguments, writeArguments } from './arguments.js';
import { ring } from './bell.js';
import { type InboxAddress, InboxMemory, thisProducer } from './inbox-memory.js';
import { LaneWriter, SEALED_LANE, writeCallWithNumber, writeRecord } from './lane-writer.js';
import { type RemoteFunction, remoteIdOf } from './remote.js';
import { Kind, RECORD_BYTES, type RecordKind } from './segment.js';
import { SideRoadSender } from './side-road.js';
import { ThreadsafeHandle } from './threadsafe-handle.js';
import { stop } from './well-known.js';

/** This thread's way into one inbox: its lane there, and the numbers agreed on for functions. */
export class Outbox {
  readonly #address: InboxAddress;
  readonly #memory: InboxMemory;
  readonly #sideRoad: SideRoadSender;
  readonly #writer: LaneWriter;
  /** Functions that the owner has been told of, and those of them that may be called rather than run as a task. */
  readonly #functions = new Map<RemoteFunction, number>();
  readonly #callbacks = new Map<RemoteFunction, number>();
  /** A producer mostly calls the same function again: no look-up then. */
  #lastCallback: RemoteFunction | null = null;
  #lastNumber = 0;
  #introduced = false;
  /** Why no call gets through any more. */
  #closed: Error | null = null;
  #sent = 0;

  constructor(address: InboxAddress) {
    this.#address = address;
    this.#memory = new InboxMemory(address.memory);
    const lane = this.#memory.claimLane(address.name);
    this.#sideRoad = new SideRoadSender(address.id, thisProducer);
    this.#writer = new LaneWriter(this.#memory.segment(lane), this.#sideRoad.send);
  }

  /** Calls made into this inbox from this thread, tasks included. */
  get sent(): number {
    return this.#sent;
  }

  /** @throws as `LoopRef.callSoonThreadsafe()` does */
  call(fn: RemoteFunction, ...args: readonly unknown[]): ThreadsafeHandle {
    const at = this.#put(Kind.CALL, this.#callbackNumber(fn), 0, args, fn);
    this.#sent++;
    return new ThreadsafeHandle(this.#writer.segment, at);
  }

  /** `call(fn, value)`, the most common of all, without the detours. */
  callWithNumber(fn: RemoteFunction, value: number): ThreadsafeHandle {
    const number = fn === this.#lastCallback ? this.#lastNumber : this.#callbackNumber(fn);
    if (this.#closed !== null) throw this.#closed;
    const at = this.#claim(RECORD_BYTES);
    const { segment } = this.#writer;
    writeCallWithNumber(segment, at, number, value);
    this.#send();
    this.#sent++;
    return new ThreadsafeHandle(segment, at);
  }

  /** @param call under which number the answer is awaited */
  runTask(fn: RemoteFunction, call: number, args: readonly unknown[], replyTo: () => InboxAddress): void {
    if (!this.#introduced) {
      this.#put(Kind.HELLO, 0, this.#sideRoad.send(replyTo()), [], 'hello');
      this.#introduced = true;
    }
    const number = this.#numberOf(fn);
    this.#put(Kind.TASK, number, call, args, fn);
    this.#sent++;
  }

  cancelTask(call: number): void {
    this.#put(Kind.CANCEL, 0, call, [], 'cancel');
  }

  reply(call: number, value: unknown): void {
    this.#put(Kind.RESULT, 0, call, [value], 'the result');
  }

  replyError(call: number, error: Error): void {
    this.#put(Kind.FAILURE, 0, call, [error], 'the error');
  }

  replyCancelled(call: number): void {
    this.#put(Kind.CANCELLED, 0, call, [], 'the cancellation');
  }

  /** Tells the thread that another one has ended. */
  announceExit(inboxId: string, producer: number, message: string): void {
    this.#put(Kind.PEER_EXITED, 0, 0, [inboxId, producer, message], 'an exit');
  }

  /** The owner of the inbox has ended: later calls fail with `reason`. */
  close(reason: Error): void {
    this.#closed ??= reason;
  }

  /** This thread calls into the inbox no more. */
  leave(): void {
    this.#memory.leave(thisProducer);
  }

  #callbackNumber(fn: RemoteFunction): number {
    let number = this.#callbacks.get(fn);
    if (number === undefined) {
      checkCallback(fn, 'callSoonThreadsafe');
      number = this.#numberOf(fn);
      this.#callbacks.set(fn, number);
    }
    this.#lastCallback = fn;
    this.#lastNumber = number;
    return number;
  }

  #numberOf(fn: RemoteFunction): number {
    const known = this.#functions.get(fn);
    if (known !== undefined) return known;
    const id = remoteIdOf(isStopFunction(fn) ? stop : fn);
    const number = this.#functions.size + 1;
    this.#put(Kind.DEFINE, number, 0, [id.url, id.name, ...(id.path ?? [])], 'a function');
    this.#functions.set(fn, number);
    return number;
  }

  /** Writes one record and returns the index of its first word. */
  #put(
    kind: RecordKind,
    fn: number,
    call: number,
    args: readonly unknown[],
    what: RemoteFunction | string,
  ): number {
    if (this.#closed !== null) throw this.#closed;
    const plan = planArguments(args, this.#sideRoad.send, () =>
      typeof what === 'string' ? what : `${what.name}()`,
    );
    const at = this.#claim(plan.sizeBytes);
    writeRecord(this.#writer.segment.words, at, kind, plan.sizeBytes, fn, call, plan.tags);
    writeArguments(this.#writer.segment, at, args, plan);
    this.#send();
    return at;
  }

  #send(): void {
    if (!this.#writer.publish()) this.#refuse();
    // Published before the bell was closed, and so either read or dropped with all else that stood there: not refused.
    if (!ring(this.#memory.words)) this.#closed = this.#closedError();
  }

  #claim(sizeBytes: number): number {
    const at = this.#writer.claim(sizeBytes);
    return at === SEALED_LANE ? this.#refuse() : at;
  }

  #refuse(): never {
    this.#closed ??= this.#closedError();
    throw this.#closed;
  }

  #closedError(): LoopStateError {
    return new LoopStateError(
      `Cannot call into loop "${this.#address.name}": Event loop is closed`,
      'ERR_LOOP_CLOSED',
    );
  }
}
