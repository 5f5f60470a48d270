import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import type { ResourceLimits } from 'node:worker_threads';
import { type BaseEventLoop, InternalError, type LoopPorts } from '@ringloop/core';
import { rangeError } from '@ringloop/core/internal';
import { GroupMember } from './group-member.js';
import { refuseWhileImporting } from './import-module.js';
import type { LoopRef } from './loop-ref.js';
import { type RemoteFunction, remoteIdOf } from './remote.js';

/** Makes the loop of a worker thread, on the ports given. */
export type LoopFactory = RemoteFunction<[ports: LoopPorts], BaseEventLoop>;

/** What `LoopGroup.spawn()` can be told. */
export interface LoopGroupOptions {
  /** How many loops, each in a worker thread of its own; the number of cores by default. */
  readonly loops?: number;
  /** The loops are called name-0, name-1, … */
  readonly name?: string;
  /** Debug mode of every loop. */
  readonly debug?: boolean;
  /** Memory limits of every worker, as `new Worker()` takes them. */
  readonly resourceLimits?: ResourceLimits;
}

/** What a group is wired to: the umbrella package fills these in. */
export interface LoopGroupPorts {
  readonly loopFactory: LoopFactory;
  /** Called before a thread is terminated while its loop may be in the middle of something. */
  readonly beforeTerminate?: (threadId: number) => void;
}

/** Most loops in a group. Each is called into by all others and by its spawner, and an inbox has 64 lanes. */
const MOST_LOOPS = 32;

/** Seconds that `close()` gives the loops by default. */
const CLOSE_TIMEOUT = 10;

/** Loops in worker threads, spawned and closed together. */
export class LoopGroup {
  readonly #members: readonly GroupMember[];
  #next = 0;
  #closing: Promise<void> | null = null;

  protected constructor(members: readonly GroupMember[]) {
    this.#members = members;
  }

  /**
   * Starts the workers, and resolves when every loop runs. If one fails to start, the others are ended and its error is
   * thrown. Rejects with RangeError ERR_OUT_OF_RANGE when `loops` is not an integer from 1 to 32.
   */
  static async spawn(options: LoopGroupOptions & LoopGroupPorts): Promise<LoopGroup> {
    const {
      loops = Math.min(availableParallelism(), MOST_LOOPS),
      name = 'loop',
      loopFactory,
      beforeTerminate = () => undefined,
      ...rest
    } = options;
    if (!Number.isInteger(loops) || loops < 1 || loops > MOST_LOOPS) {
      throw rangeError(`loops must be an integer from 1 to ${MOST_LOOPS}, got ${inspect(loops)}`);
    }
    refuseWhileImporting('spawn a group');
    const factory = remoteIdOf(loopFactory);
    const members: GroupMember[] = [];
    for (let i = 0; i < loops; i++) {
      members.push(
        new GroupMember({
          ...rest,
          name: `${name}-${i}`,
          factory,
          beforeTerminate,
          onExit: (gone) => tellOthers(members, gone),
        }),
      );
    }
    try {
      await Promise.all(members.map((member) => member.ready));
    } catch (thrown) {
      await Promise.all(members.map((member) => member.terminate()));
      throw thrown;
    }
    return new this(members); // the class that was asked, for `instanceof`
  }

  /** The loops, in order; those that have ended included. */
  get loops(): readonly LoopRef[] {
    return this.#members.map((member) => member.ref);
  }

  /** One loop after the other, in turn. */
  next(): LoopRef {
    const member = this.#members[this.#next++ % this.#members.length];
    if (member === undefined) throw new InternalError('A group has no loops');
    return member.ref;
  }

  /**
   * Stops the loops: what was called before still runs, then tasks are cancelled and each loop is closed. What has not
   * ended after `timeout` seconds is terminated. Resolves when all threads have ended. Can be repeated.
   * @returns nothing; a loop that had to be terminated rejects what was pending on it with PeerExitedError
   */
  close({ timeout = CLOSE_TIMEOUT }: { timeout?: number } = {}): Promise<void> {
    this.#closing ??= Promise.all(this.#members.map((member) => member.close(timeout))).then(() => undefined);
    return this.#closing;
  }

  /** The end of `await using`: as `close()`, with its default timeout. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    return `<LoopGroup ${this.#members.map((member) => `${member.ref.name}=${member.state}`).join(' ')}>`;
  }
}

function tellOthers(members: readonly GroupMember[], gone: GroupMember): void {
  for (const member of members) if (member !== gone) member.tellExit(gone);
}
