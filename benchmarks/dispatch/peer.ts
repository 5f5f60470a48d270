/** One way of calling from this thread into another. Its `sink` counts numbers, its `echo` sends one back. */
export interface Peer {
  readonly name: string;
  /** Makes `calls` calls with one number each; resolves when the last one has run there. Null: it cannot. */
  readonly flood: ((calls: number) => Promise<void>) | null;
  /** One call there and one back, both threads idle before and in between. */
  roundTrip(): Promise<void>;
  close(): Promise<void>;
}

export type OpenPeer = () => Promise<Peer>;
