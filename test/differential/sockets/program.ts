/** What two sides of a connection do, one after the other; each step ends when neither side is told anything more. */
export interface SocketProgram {
  readonly family: 'tcp' | 'unix' | 'udp';
  readonly server: SideOptions;
  readonly client: SideOptions;
  readonly steps: readonly Step[];
}

export type Side = 'server' | 'client';

export interface SideOptions {
  /** What eofReceived() returns. */
  readonly keepOpen: boolean;
  /** What the protocol does in its methods, each reaction once. */
  readonly reactions: readonly Reaction[];
}

export interface Reaction {
  readonly on: 'made' | 'data' | 'eof' | 'lost' | 'pause' | 'resume' | 'error';
  readonly acts: readonly Act[];
}

export interface Step {
  readonly side: Side;
  readonly acts: readonly Act[];
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

export type Act =
  | readonly ['write' | 'writelines' | 'limits' | 'send' | 'reply', number]
  /** From now on the protocol lends so many bytes to receive into; -1: getBuffer() raises. `plain` ends it. */
  | readonly ['lend', number]
  /** Begins to send a part of a file of zeros: the file's size, the offset and the count. */
  | readonly ['sendfile', readonly [number, number, number | null]]
  | readonly ['sendTo', readonly [number, Address]]
  | readonly [
      (
        | 'writeText'
        | 'sendText'
        | 'writeEof'
        | 'close'
        | 'abort'
        | 'reset'
        | 'pause'
        | 'resume'
        | 'query'
        | 'closeServer'
        | 'raise'
        | 'plain'
      ),
      null,
    ];

/** A call of a protocol's method, or what an act did: its name, then what belongs to it. */
export type SocketEvent = readonly (string | number | boolean | null)[];

export type Place = (Address & { readonly remote?: Address | null }) | { readonly path: string };

export type Command = {
  /** Seconds between two looks whether anything more has happened. */
  readonly pause: number;
} & (
  | ({ readonly kind: 'listen' | 'connect' | 'bind'; readonly at: Place } & SideOptions)
  | { readonly kind: 'cancelConnect'; readonly at: Place }
  | { readonly kind: 'do'; readonly acts: readonly Act[] }
  | { readonly kind: 'settle' | 'end' }
);

export interface Answer {
  readonly events: readonly SocketEvent[];
  /** Where it listens or receives. */
  readonly address: Place | null;
}

/** One side, on one of the two event loops. */
export interface Agent {
  command(command: Command): Promise<Answer>;
}
