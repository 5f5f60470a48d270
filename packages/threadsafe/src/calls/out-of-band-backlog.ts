import { load } from '#atomics';
import { type Ring } from '../memory/ring.js';
import { Cell } from '../memory/record.js';

interface Post {
  readonly ring: Ring;
  /** The writer's TAIL behind the record that says when the message is due. */
  readonly position: number;
  /** The CELL word of that record. */
  readonly cell: number;
  readonly weightBytes: number;
}

/**
 * Counts what this thread has posted beside a lane and its reader has not reached. These messages take no room in a
 * ring, so they must be counted separately: otherwise the limit on the backlog would not apply to the largest messages.
 */
export class OutOfBandBacklog {
  #posts: Post[] = [];
  #bytes = 0;

  /**
   * Counts a message whose record was published at the word `at`. @param position the writer's TAIL behind the record
   */
  add(ring: Ring, at: number, position: number, weightBytes: number): void {
    if (weightBytes === 0) return;
    this.#posts.push({ ring, position, cell: at + 1, weightBytes });
    this.#bytes += weightBytes;
  }

  /** About how many bytes the reader has not reached. Records are read in order, so only the oldest are checked. */
  get bytes(): number {
    if (this.#bytes === 0) return 0;
    const waiting = this.#posts.findIndex((post) => !isRead(post));
    const read = this.#posts.splice(0, waiting === -1 ? this.#posts.length : waiting);
    for (const { weightBytes } of read) this.#bytes -= weightBytes;
    return this.#bytes;
  }

  /**
   * Whether `weightBytes` more may be posted. A message alone is always allowed, as is a record for which there is no
   * ring yet.
   */
  hasRoom(weightBytes: number, limitBytes: number): boolean {
    if (this.#bytes + weightBytes <= limitBytes) return true;
    if (this.bytes + weightBytes > limitBytes) this.#leaveOutCancelled();
    return this.#bytes === 0 || this.#bytes + weightBytes <= limitBytes;
  }

  /** Stops counting cancelled messages: the reader drops them, so they are no backlog. */
  #leaveOutCancelled(): void {
    this.#posts = this.#posts.filter((post) => !isCancelled(post));
    this.#bytes = this.#posts.reduce((sum, post) => sum + post.weightBytes, 0);
  }
}

/** Whether it was cancelled. Only for a record that is not read yet, because it must still be there. */
function isCancelled({ ring, cell }: Post): boolean {
  return (load(ring.words, cell) & Cell.CANCELLED) !== 0;
}

function isRead({ ring, position }: Post): boolean {
  return ((ring.loadHead() - position) | 0) >= 0 || ring.isDropped();
}
