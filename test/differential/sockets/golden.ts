import type { Act, Reaction, SideOptions, SocketProgram, Step } from './program.js';

/** A program as somebody would write it, and what CPython makes of it: for each step, the server's line and the client's. */
export interface GoldenSockets {
  readonly title: string;
  readonly program: SocketProgram;
}

const HUGE = 1_500_000; // bytes: more than the system takes from a side whose peer does not read
const side = (keepOpen = false, ...reactions: Reaction[]): SideOptions => ({ keepOpen, reactions });
const client = (...acts: Act[]): Step => ({ side: 'client', acts });
const server = (...acts: Act[]): Step => ({ side: 'server', acts });

function tcp(options: { server?: SideOptions; client?: SideOptions }, ...steps: Step[]): SocketProgram {
  return { family: 'tcp', server: options.server ?? side(), client: options.client ?? side(), steps };
}

export const GOLDEN_SOCKETS: readonly GoldenSockets[] = [
  {
    title: 'a half-close ends both sides, and a write after it raises',
    program: tcp({}, client(['write', 2], ['writeEof', null], ['write', 1])),
  },
  {
    title: 'eofReceived() returning true keeps the other direction open',
    program: tcp(
      { server: side(true) },
      client(['writeEof', null]),
      server(['write', 5]),
      server(['query', null], ['close', null]),
    ),
  },
  {
    title: 'a full buffer pauses once; close() waits for it, abort() does not',
    program: tcp(
      {},
      server(['pause', null]),
      client(['limits', 1000], ['write', HUGE], ['write', HUGE]),
      client(['close', null], ['query', null]),
      client(['abort', null]),
    ),
  },
  {
    title: 'a full buffer is sent when the peer reads again, and close() with it',
    program: tcp(
      {},
      server(['pause', null]),
      client(['write', HUGE], ['close', null]),
      server(['resume', null]),
    ),
  },
  {
    title: 'close(), then eight writes: four warnings',
    program: tcp({}, client(['close', null], ...Array.from({ length: 8 }, (): Act => ['write', 1]))),
  },
  {
    title: 'a server that is closed serves whom it has',
    program: tcp(
      {},
      server(['closeServer', null]),
      client(['write', 3]),
      server(['write', 4]),
      client(['close', null]),
    ),
  },
  {
    title: 'a reset is told to the other side, and its writes warn',
    program: tcp({}, client(['write', 2]), client(['reset', null]), server(['write', 1], ['query', null])),
  },
  {
    title: 'a reset while the peer does not read, and writes',
    program: tcp(
      {},
      server(['pause', null]),
      client(['write', 9], ['reset', null]),
      server(['write', 5]),
      server(['write', 5]),
    ),
  },
  {
    title: 'close() with bytes that were not read resets',
    program: tcp(
      {},
      server(['pause', null]),
      client(['write', 9]),
      server(['close', null]),
      client(['write', 1]),
    ),
  },
  {
    title: 'abort() drops what is buffered',
    program: tcp(
      {},
      server(['pause', null]),
      client(['write', HUGE], ['abort', null]),
      server(['resume', null]),
    ),
  },
  {
    title: 'a protocol that raises in data_received() loses its connection',
    program: tcp({ server: side(false, { on: 'data', acts: [['raise', null]] }) }, client(['write', 1])),
  },
  {
    title: 'a protocol that raises in eof_received() loses its connection',
    program: tcp({ server: side(true, { on: 'eof', acts: [['raise', null]] }) }, client(['writeEof', null])),
  },
  {
    title: 'a protocol that raises in pause_writing() and connection_lost() is reported',
    program: tcp(
      {
        client: side(
          false,
          { on: 'pause', acts: [['raise', null]] },
          { on: 'lost', acts: [['raise', null]] },
        ),
      },
      server(['pause', null]),
      client(['write', HUGE]),
      client(['abort', null]),
    ),
  },
  {
    title: 'a protocol that raises in connection_made() keeps its connection',
    program: tcp({ server: side(false, { on: 'made', acts: [['raise', null]] }) }, client(['write', 1])),
  },
  {
    title: 'writes in every method are sent, until the end',
    program: tcp(
      {
        server: side(
          true,
          { on: 'made', acts: [['write', 1]] },
          { on: 'data', acts: [['write', 2]] },
          { on: 'eof', acts: [['write', 3]] },
        ),
        client: side(
          false,
          { on: 'data', acts: [['writelines', 4]] },
          {
            on: 'lost',
            acts: [
              ['write', 1],
              ['query', null],
            ],
          },
        ),
      },
      client(['writeEof', null]),
      server(['close', null]),
    ),
  },
  {
    title: 'resume_writing() may write more, also into a transport that is closing',
    program: tcp(
      { client: side(false, { on: 'resume', acts: [['write', 1000]] }) },
      server(['pause', null]),
      client(['write', HUGE], ['close', null]),
      server(['resume', null]),
    ),
  },
  {
    title: 'pausing and resuming may be repeated, and text is refused without harm',
    program: tcp(
      {},
      server(['pause', null], ['pause', null], ['query', null]),
      client(['write', 3], ['writeText', null], ['write', 4]),
      server(['resume', null], ['resume', null], ['query', null]),
    ),
  },
  {
    title: 'a protocol that lends its memory gets all data in it, and the end once',
    program: tcp(
      { server: side(true, { on: 'made', acts: [['lend', 5]] }) },
      client(['write', 1000]),
      client(['write', 7], ['writeEof', null]),
      server(['write', 3], ['close', null]),
    ),
  },
  {
    title: 'setProtocol() switches between the kinds, also within their methods',
    program: tcp(
      { server: side(false, { on: 'data', acts: [['lend', 5]] }, { on: 'data', acts: [['plain', null]] }) },
      client(['write', 7]),
      client(['write', 7]),
      server(['lend', 100]),
      client(['write', 7]),
      server(['plain', null]),
      client(['write', 7], ['close', null]),
    ),
  },
  {
    title: 'a protocol that lends nothing loses its connection',
    program: tcp({ server: side(false, { on: 'made', acts: [['lend', 0]] }) }, client(['write', 1])),
  },
  {
    title: 'a protocol that raises in get_buffer() loses its connection',
    program: tcp({ server: side(false, { on: 'made', acts: [['lend', -1]] }) }, client(['write', 1])),
  },
  {
    title: 'a protocol that raises in buffer_updated() loses its connection',
    program: tcp(
      {
        server: side(false, { on: 'made', acts: [['lend', 9]] }, { on: 'data', acts: [['raise', null]] }),
      },
      client(['write', 1]),
    ),
  },
  {
    title: 'a protocol that lends its memory is told of a reset',
    program: tcp({ server: side(false, { on: 'made', acts: [['lend', 9]] }) }, client(['reset', null])),
  },
  {
    title: 'connections of Unix sockets end alike',
    program: {
      ...tcp(
        { server: side(true) },
        client(['write', 3], ['writeEof', null]),
        server(['write', 5]),
        server(['abort', null]),
      ),
      family: 'unix',
    },
  },
  {
    title: 'a Unix peer that closes with bytes unread resets',
    program: {
      ...tcp(
        {},
        server(['pause', null]),
        client(['write', 9]),
        server(['close', null]),
        client(['write', 1]),
      ),
      family: 'unix',
    },
  },
  {
    title: 'a file follows what is buffered, nobody writes meanwhile, and reading goes on afterwards',
    program: tcp(
      {},
      server(['pause', null]),
      client(['write', HUGE], ['write', HUGE], ['sendfile', [HUGE, 0, null]]),
      client(['write', 1], ['writelines', 1], ['query', null]),
      server(['write', 3]),
      server(['resume', null]),
      client(['write', 5], ['query', null]),
      client(['close', null]),
    ),
  },
  {
    title: 'parts of files, and what is behind their end',
    program: tcp(
      {},
      client(['sendfile', [1000, 10, 100]]),
      client(['sendfile', [1000, 990, 100]]),
      client(['sendfile', [1000, 1000, 1]]),
      client(['sendfile', [1000, 2000, null]]),
      client(['sendfile', [0, 0, null]]),
      client(['sendfile', [1_500_000, 1, 1_499_998]]),
      client(['writeEof', null]),
    ),
  },
  {
    title: 'a file in connection_made(), and reading that was paused stays so',
    program: tcp(
      { server: side(false, { on: 'made', acts: [['sendfile', [HUGE, 0, null]]] }) },
      server(['pause', null], ['sendfile', [10, 0, null]]),
      client(['write', 4]),
      server(['query', null], ['resume', null]),
    ),
  },
  {
    title: 'no file after write_eof(), nor after close()',
    program: tcp(
      { server: side(true) },
      client(['writeEof', null]),
      client(['sendfile', [10, 0, null]]),
      server(['close', null], ['sendfile', [10, 0, null]]),
    ),
  },
  {
    title: 'a peer that goes away in the middle of a file',
    program: {
      ...tcp(
        {},
        server(['pause', null]),
        client(['sendfile', [HUGE, 0, null]]),
        server(['abort', null]),
        client(['query', null]),
      ),
      family: 'unix',
    },
  },
  {
    title: 'datagrams keep their order and their borders, the empty one left out',
    program: { ...tcp({}, client(['send', 1], ['send', 500], ['send', 2])), family: 'udp' },
  },
  {
    title: 'a datagram to nobody is an error each, and the transport goes on until it is closed',
    program: {
      ...tcp(
        {},
        server(['close', null]),
        client(['send', 1]),
        client(['send', 1]),
        client(['close', null]),
        client(['send', 1]),
      ),
      family: 'udp',
    },
  },
  {
    title: 'a datagram to another address than that of the transport is refused',
    program: {
      ...tcp(
        {},
        client(['sendTo', [1, { host: '127.0.0.1', port: 1 }]]),
        client(['send', 3]),
        client(['abort', null]),
      ),
      family: 'udp',
    },
  },
  {
    title: 'a datagram that is too large is an error, and the next one arrives',
    program: { ...tcp({}, client(['send', 70_000], ['send', 1])), family: 'udp' },
  },
];
