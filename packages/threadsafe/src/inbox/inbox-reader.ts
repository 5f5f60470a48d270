import {
  closeWakeWord,
  acknowledge,
  isAsleep,
  isSignalled,
  plainIsSignalled,
  Sleeper,
} from '../memory/wake-word.js';
import { FunctionTable } from './function-table.js';
import { type InboxAddress, InboxMemory, LANES, thisProducer } from '../memory/inbox-memory.js';
import { type LaneOwner, LaneReader, type RecordHandlers } from './lane-reader.js';
import { addOwnInbox, removeOwnInbox } from './own-inboxes.js';
import { offerChannel } from '../memory/private-channel.js';
import { transferPortTo, takeFromPort } from '../out-of-band/transfer-port.js';
import { BroadcastReceiver } from '../out-of-band/broadcast.js';

/** What the reader of an inbox needs of its user. */
export interface InboxUser extends Omit<LaneOwner, 'takeOutOfBand' | 'isSealed'> {
  readonly handlers: RecordHandlers;
  /** A producer signalled while the owner slept. */
  wake(): void;
  /** A producer is gone, and all its records have been handled. */
  producerLeft(lane: LaneReader): void;
}

/** The owner's end of an inbox: reads all lanes, sleeps, closes. Which thread's turn it is, its user decides. */
export class InboxReader {
  readonly #memory: InboxMemory;
  readonly #words: Int32Array;
  readonly #broadcast: BroadcastReceiver;
  readonly #sleeper: Sleeper;
  readonly #user: InboxUser;
  readonly #laneOwner: LaneOwner;
  readonly #lanes: (LaneReader | undefined)[] = [];
  /** Lanes whose producer has left, with calls that had not run when this was seen. */
  readonly #leaving = new Set<LaneReader>();
  #receivedFromLeavers = 0;
  #sealed = false;

  constructor(address: InboxAddress, user: InboxUser) {
    this.#memory = new InboxMemory(address.memory);
    this.#words = this.#memory.words;
    this.#memory.setOwner(thisProducer);
    addOwnInbox(this.#memory, () => user.wake());
    this.#broadcast = new BroadcastReceiver(address.id);
    this.#user = user;
    this.#laneOwner = {
      addReady: user.addReady,
      putBack: user.putBack,
      mayGoOn: user.mayGoOn,
      released: user.released,
      corrupted: user.corrupted,
      isSealed: () => this.#sealed,
      takeOutOfBand: (producer, number, byPort) =>
        byPort ? takeFromPort(producer, number) : this.#takeBroadcast(producer, number),
    };
    this.#sleeper = new Sleeper(this.#memory.words, (woken) => {
      void woken.then(() => {
        this.#sleeper.woken();
        user.wake();
      });
    });
  }

  /** Tells whoever looks for the least busy loop how many tasks are under way here for other threads. */
  storeTasks(count: number): void {
    this.#memory.storeTasks(count);
  }

  /** Calls that have run, tasks included. */
  get received(): number {
    return this.#lanes.reduce((sum, lane) => sum + (lane?.received ?? 0), this.#receivedFromLeavers);
  }

  /** Whether a producer has signalled since the last look; see plainIsSignalled(). */
  isSignalled(): boolean {
    return plainIsSignalled(this.#words);
  }

  /**
   * Queues all that has arrived, and sees who has left. While each look finds something the wake-up word stays SIGNALLED: producers need
   * not ring, and its cache line is not sent to and fro. False: there was nothing, and the wake-up word was acknowledged before that look.
   */
  collect(): boolean {
    const { words } = this.#memory;
    if (!this.#sealed && isAsleep(words)) acknowledge(words);
    if (this.#look()) return true;
    if (this.#sealed || !isSignalled(words)) return false;
    acknowledge(words);
    return this.#look();
  }

  /** Whether any other thread has ever called here. */
  hasLanes(): boolean {
    return this.#memory.lanesUsed() > 0;
  }

  /** Producers may wake this thread by its eventfd. Null: not any more; what one has just written for is looked at. */
  listenTo(eventfd: number | null): void {
    this.#sleeper.listenTo(eventfd);
    if (eventfd === null) this.#user.wake();
  }

  /** The thread has woken: if it was for this inbox, its owner is told. */
  wokenPerhaps(): void {
    if (this.#sleeper.wasWrittenTo()) this.#user.wake();
  }

  /** Blocks the thread until something arrives, or for `timeoutMs`. */
  block(timeoutMs: number): void {
    this.#sleeper.block(timeoutMs);
  }

  /** False: something has arrived, look again. */
  trySleep(): boolean {
    if (this.#leaving.size > 0 && this.#mayFreeSome()) return false; // nobody will ring for that
    if (this.#sealed) return !this.#hasNews(); // nor for this
    return this.#sleeper.trySleep();
  }

  /** Nothing gets in from now on; what got in before is collected. */
  seal(): void {
    if (this.#sealed) return;
    this.#sealed = true;
    for (let index = 0; index < LANES; index++) {
      if (!this.#memory.withdrawLane(index)) this.#lane(index)?.ring.seal();
    }
    closeWakeWord(this.#memory.words);
    this.collect();
  }

  /** Whether all that got in has run. */
  isEmpty(): boolean {
    return this.#lanes.every((lane) => lane === undefined || lane.isEmpty());
  }

  /** The lanes there are. */
  lanes(): readonly LaneReader[] {
    return this.#lanes.filter((lane) => lane !== undefined);
  }

  close(): void {
    for (const lane of this.lanes()) lane.close();
    removeOwnInbox(this.#memory);
    this.#broadcast.close();
  }

  #hasNews(): boolean {
    const used = this.#memory.lanesUsed();
    for (let index = 0; index < used; index++) if (this.#lane(index)?.hasNews() === true) return true;
    return false;
  }

  #look(): boolean {
    const used = this.#memory.lanesUsed();
    let found = false;
    let grown = 0;
    for (let index = 0; index < used; index++) {
      found = this.#collectLane(index) || found;
      grown += this.#lanes[index]?.grownBytes() ?? 0;
    }
    this.#memory.storeBacklog(grown);
    return found;
  }

  #collectLane(index: number): boolean {
    // In this order: a producer that has left publishes no more, so what is collected after seeing that is all there is.
    const left = this.#memory.hasLeft(index);
    const lane = this.#lane(index);
    const found = lane?.collect() ?? false;
    if (left && lane !== undefined) {
      if (lane.isEmpty()) this.#free(index, lane);
      else this.#leaving.add(lane);
    }
    return found;
  }

  #mayFreeSome(): boolean {
    for (const lane of this.#leaving) if (lane.isEmpty()) return true;
    return false;
  }

  #free(index: number, lane: LaneReader): void {
    this.#lanes[index] = undefined;
    this.#leaving.delete(lane);
    this.#receivedFromLeavers += lane.received;
    this.#broadcast.closePrivate(index);
    if (!this.#memory.hasOther(index, lane.producer)) this.#broadcast.forget(lane.producer);
    this.#user.producerLeft(lane);
    if (this.#sealed) this.#memory.withdrawLeft(index);
    else this.#memory.freeLane(index);
  }

  #takeBroadcast(producer: number, number: number): unknown {
    const value = this.#broadcast.take(producer, number);
    for (const [index, lane] of this.#lanes.entries()) {
      if (lane?.producer === producer && !this.#broadcast.hasPrivate(index))
        this.#offerChannel(index, producer);
    }
    return value;
  }

  /** So that what comes next has no third end to fear; between threads that have a transfer port it is not needed. */
  #offerChannel(index: number, producer: number): void {
    if (this.#sealed || transferPortTo(producer) !== null) return;
    const { header } = this.#memory.ring(index);
    offerChannel(header, this.#broadcast.nextNumber(), (number) =>
      this.#broadcast.openPrivate(index, number),
    );
  }

  #lane(index: number): LaneReader | undefined {
    const known = this.#lanes[index];
    if (known !== undefined) return known;
    const producer = this.#memory.producerOf(index);
    if (producer === null) return undefined;
    const lane = new LaneReader(
      producer,
      this.#memory.ring(index),
      new FunctionTable(),
      this.#laneOwner,
      this.#user.handlers,
    );
    this.#lanes[index] = lane;
    return lane;
  }
}
