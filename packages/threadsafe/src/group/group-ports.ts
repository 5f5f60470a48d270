import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { addRoad, type Introduction, roadTo } from '../out-of-band/transfer-port.js';

/** A road that is being laid to a member that has not been started. */
interface Laying {
  readonly producer: number;
  readonly here: MessagePort;
  readonly there: MessagePort;
}

/** The members of a group that run, as their spawner knows them: each has a road to every other. */
export class Siblings {
  readonly #producers = new Set<number>();

  /** Channels for a member that is about to be started, one to each that runs. */
  layRoads(): Laying[] {
    return [...this.#producers].map((producer) => {
      const { port1, port2 } = new MessageChannel();
      return { producer, here: port1, there: port2 };
    });
  }

  /** The member was started, and given the other ends. @param road the port to it from here */
  join(introduction: Introduction, laid: readonly Laying[]): void {
    addRoad(introduction);
    for (const { producer, here } of laid) {
      roadTo(producer)?.introduce({ producer: introduction.producer, port: here });
    }
    this.#producers.add(introduction.producer);
  }

  leave(producer: number): void {
    this.#producers.delete(producer);
  }
}
