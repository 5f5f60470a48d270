import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { addTransferPort, type PortOffer, transferPortTo } from '../out-of-band/transfer-port.js';

/** A transfer port to a loop that is not started yet. */
interface PendingPort {
  readonly producer: number;
  readonly here: MessagePort;
  readonly there: MessagePort;
}

/** The running loops of a group, as their spawner knows them. Each has a transfer port to every other. */
export class GroupPorts {
  readonly #producers = new Set<number>();

  /** Makes channels for a loop that is about to be started, one to each running loop. */
  open(): PendingPort[] {
    return [...this.#producers].map((producer) => {
      const { port1, port2 } = new MessageChannel();
      return { producer, here: port1, there: port2 };
    });
  }

  /**
   * Sends the other ends to the running loops, when the new loop was started. @param offer the port from here to
   * the new loop
   */
  join(offer: PortOffer, laid: readonly PendingPort[]): void {
    addTransferPort(offer);
    for (const { producer, here } of laid) {
      transferPortTo(producer)?.offer({ producer: offer.producer, port: here });
    }
    this.#producers.add(offer.producer);
  }

  leave(producer: number): void {
    this.#producers.delete(producer);
  }
}
