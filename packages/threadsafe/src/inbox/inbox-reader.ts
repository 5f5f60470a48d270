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

/** What the user of an InboxReader provides. */
export interface InboxUser extends Omit<LaneOwner, 'takeOutOfBand' | 'isSealed'> {
  readonly handlers: RecordHandlers;
  /** Called when a producer has signalled while the owner slept. */
  wake(): void;
  /** Called when a producer has left and all its records have been handled. */
  producerLeft(lane: LaneReader): void;
}

/** The owner's end of an inbox: reads all lanes, sleeps and closes. Its user decides when the collected records run. */
export class InboxReader {
  readonly #memory: InboxMemory;
  readonly #words: Int32Array;
  readonly #broadcast: BroadcastReceiver;
  readonly #sleeper: Sleeper;
  readonly #user: InboxUser;
  readonly #laneOwner: LaneOwner;
  readonly #lanes: (LaneReader | undefined)[] = [];
  /** Lanes whose producer has left, but that still held records when the reader noticed that. */
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

  /** Publishes how many tasks run here for other threads, so that they can find the least busy loop. */
  storeTasks(count: number): void {
    this.#memory.storeTasks(count);
  }

  /** Number of calls that have run, tasks included. */
  get received(): number {
    return this.#lanes.reduce((sum, lane) => sum + (lane?.received ?? 0), this.#receivedFromLeavers);
  }

  /** Whether a producer has signalled since the last acknowledgement. A plain read: see plainIsSignalled(). */
  isSignalled(): boolean {
    return plainIsSignalled(this.#words);
  }

  /**
   * Queues all records that have arrived, and notices producers that have left. As long as each call finds something,
   * the wake-up word stays SIGNALLED: producers need not signal, and its cache line does not move between cores. False:
   * nothing was found, and the wake-up word was acknowledged before the last look.
   */
  collect(): boolean {
    const { words } = this.#memory;
    if (!this.#sealed && isAsleep(words)) acknowledge(words);
    if (this.#look()) return true;
    if (this.#sealed || !isSignalled(words)) return false;
    acknowledge(words);
    return this.#look();
  }

  /** Whether any thread has ever claimed a lane here. */
  hasLanes(): boolean {
    return this.#memory.lanesUsed() > 0;
  }

  /**
   * Lets producers wake this thread by its eventfd. Null: not any more. Then the user looks once, because a producer
   * may have written just now.
   */
  listenTo(eventfd: number | null): void {
    this.#sleeper.listenTo(eventfd);
    if (eventfd === null) this.#user.wake();
  }

  /** Called when the thread has woken. Wakes the user if a producer has written to the eventfd for this inbox. */
  wokenPerhaps(): void {
    if (this.#sleeper.wasWrittenTo()) this.#user.wake();
  }

  /** Blocks the thread until something arrives, for at most `timeoutMs`. */
  block(timeoutMs: number): void {
    this.#sleeper.block(timeoutMs);
  }

  /** Goes to sleep. False: there is something to do, so look again. */
  trySleep(): boolean {
    if (this.#leaving.size > 0 && this.#mayFreeSome()) return false; // nobody will signal for that
    if (this.#sealed) return !this.#hasNews(); // nobody signals a sealed inbox
    return this.#sleeper.trySleep();
  }

  /** Accepts no more records, and collects those that were published before. */
  seal(): void {
    if (this.#sealed) return;
    this.#sealed = true;
    for (let index = 0; index < LANES; index++) {
      if (!this.#memory.withdrawLane(index)) this.#lane(index)?.ring.seal();
    }
    closeWakeWord(this.#memory.words);
    this.collect();
  }

  /** Whether all accepted records have run. */
  isEmpty(): boolean {
    return this.#lanes.every((lane) => lane === undefined || lane.isEmpty());
  }

  /** All lanes that are in use. */
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
    // Check first, then collect: a producer that has left publishes nothing more, so this collects its last record.
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

  /**
   * Offers the producer a channel with only two ends, because a channel with more of them refuses what only Node can
   * clone. Threads with a transfer port do not need it.
   */
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
