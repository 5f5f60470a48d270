import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { addTransferPort, type PortOffer, transferPortTo } from '../out-of-band/transfer-port.js';

/** A transfer port that is being laid to a member that has not been started. */
interface PendingPort {
  readonly producer: number;
  readonly here: MessagePort;
  readonly there: MessagePort;
}

/** The members of a group that run, as their spawner knows them: each has a transfer port to every other. */
export class GroupPorts {
  readonly #producers = new Set<number>();

  /** Channels for a member that is about to be started, one to each that runs. */
  open(): PendingPort[] {
    return [...this.#producers].map((producer) => {
      const { port1, port2 } = new MessageChannel();
      return { producer, here: port1, there: port2 };
    });
  }

  /** The member was started, and given the other ends. @param transfer port the port to it from here */
  join(introduction: PortOffer, laid: readonly PendingPort[]): void {
    addTransferPort(introduction);
    for (const { producer, here } of laid) {
      transferPortTo(producer)?.offer({ producer: introduction.producer, port: here });
    }
    this.#producers.add(introduction.producer);
  }

  leave(producer: number): void {
    this.#producers.delete(producer);
  }
}
