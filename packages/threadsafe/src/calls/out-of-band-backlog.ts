import { load } from '#atomics';
import { type Ring } from '../memory/ring.js';
import { Cell } from '../memory/record.js';

interface Post {
  readonly ring: Ring;
  /** The writer's TAIL behind the record that says when it is due. */
  readonly position: number;
  /** The CELL word of that record. */
  readonly cell: number;
  readonly weightBytes: number;
}

/**
 * What this thread has posted beside a lane, and its reader has not come to. It is in nobody's ring, so it has to be counted: else a
 * limit on the backlog would let through what is largest.
 */
export class OutOfBandBacklog {
  #posts: Post[] = [];
  #bytes = 0;

  /** The record at word `at` has been published, which says when something is due. @param position the writer's TAIL behind it */
  add(ring: Ring, at: number, position: number, weightBytes: number): void {
    if (weightBytes === 0) return;
    this.#posts.push({ ring, position, cell: at + 1, weightBytes });
    this.#bytes += weightBytes;
  }

  /** About how many bytes its reader has not come to. Records are read in order, so only the first ones are looked at. */
  get bytes(): number {
    if (this.#bytes === 0) return 0;
    const waiting = this.#posts.findIndex((post) => !isRead(post));
    const read = this.#posts.splice(0, waiting === -1 ? this.#posts.length : waiting);
    for (const { weightBytes } of read) this.#bytes -= weightBytes;
    return this.#bytes;
  }

  /** Whether so much more may be posted: what is alone is never too much, as a record for which there is no ring yet. */
  hasRoom(weightBytes: number, limitBytes: number): boolean {
    if (this.#bytes + weightBytes <= limitBytes) return true;
    if (this.bytes + weightBytes > limitBytes) this.#leaveOutCancelled();
    return this.#bytes === 0 || this.#bytes + weightBytes <= limitBytes;
  }

  /** What was cancelled is no backlog: it is dropped when its reader comes to it. */
  #leaveOutCancelled(): void {
    this.#posts = this.#posts.filter((post) => !isCancelled(post));
    this.#bytes = this.#posts.reduce((sum, post) => sum + post.weightBytes, 0);
  }
}

/** Of one that is not read, so that its record is still there. */
function isCancelled({ ring, cell }: Post): boolean {
  return (load(ring.words, cell) & Cell.CANCELLED) !== 0;
}

function isRead({ ring, position }: Post): boolean {
  return ((ring.loadHead() - position) | 0) >= 0 || ring.isDropped();
}
