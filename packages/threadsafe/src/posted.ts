import type { Segment } from './segment.js';

interface Post {
  readonly segment: Segment;
  /** The writer's TAIL behind the record that says when it is due. */
  readonly position: number;
  readonly weightBytes: number;
}

/**
 * What this thread has posted beside a lane, and its reader has not come to. It is in nobody's ring, so it has to be counted: else a
 * limit on the backlog would let through what is largest.
 */
export class Posted {
  #posts: Post[] = [];
  #bytes = 0;

  /** A record that is due where `segment` stood at `position` has been published. */
  add(segment: Segment, position: number, weightBytes: number): void {
    if (weightBytes === 0) return;
    this.#posts.push({ segment, position, weightBytes });
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
    const { bytes } = this;
    return bytes === 0 || bytes + weightBytes <= limitBytes;
  }
}

function isRead({ segment, position }: Post): boolean {
  return ((segment.loadHead() - position) | 0) >= 0 || segment.isDropped();
}
