import { expect } from 'chai';
import type {
  BufferedProtocol,
  SelectorEventLoop,
  Socket,
  StreamProtocol,
  StreamTransport,
} from '@ringloop/net';
import { inLoop, type Reports } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';

/** Writes down what it is told, and lends 4 bytes at a time. */
class Lender implements BufferedProtocol {
  readonly log: string[];
  readonly room = Buffer.alloc(4);

  constructor(log: string[]) {
    this.log = log;
  }

  getBuffer(sizeHint: number): Uint8Array {
    // It may be called without any data coming.
    if (this.log.at(-1) !== `buffer ${sizeHint}`) this.log.push(`buffer ${sizeHint}`);
    return this.room;
  }

  bufferUpdated(bytes: number): void {
    this.log.push(`updated ${this.room.toString('latin1', 0, bytes)}`);
  }

  eofReceived(): void {
    this.log.push('eof');
  }

  connectionLost(exc: Error | null): void {
    this.log.push(`lost ${exc === null ? 'null' : exc.message}`);
  }
}

/** A transport with this protocol, whose peer is a plain socket. */
async function lentTo(
  loop: SelectorEventLoop,
  protocol: StreamProtocol,
): Promise<{ transport: StreamTransport; peer: Socket }> {
  const { transport, peer } = await linked(loop);
  transport.setProtocol(protocol);
  return { transport, peer };
}

/** Goes on until the log has so many lines. */
async function until(loop: SelectorEventLoop, log: readonly string[], lines: number): Promise<void> {
  while (log.length < lines) await iterations(loop, 1);
}

function takeReport(reports: Reports): [string | undefined, string | undefined] {
  expect(reports).to.have.length(1);
  const [report = {}] = reports.splice(0);
  return [report.message, report.exception?.message];
}

// CPython test_buffered_proto and test_selector_events: BaseSelectorSocketTransport with BufferedProtocol
describe('net: BufferedProtocol', () => {
  it('BufferedProtocol gets the data in its own memory', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const { peer } = await lentTo(loop, new Lender(log));
      peer.send(Buffer.from('abcdef'));
      await until(loop, log, 4);
      peer.close();
      await until(loop, log, 7);
      expect(log).to.deep.equal([
        'buffer -1',
        'updated abcd',
        'buffer -1',
        'updated ef',
        'buffer -1',
        'eof',
        'lost null',
      ]);
    }));

  it('BufferedProtocol is made by the factories of servers and connections', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const server = await loop.createServer(() => new Lender(log), { host: '127.0.0.1', port: 0 });
      const address = server.sockets?.[0]?.getsockname();
      if (typeof address !== 'object') throw new Error('no address');
      const [transport, protocol] = await loop.createConnection(() => new Lender([]), {
        host: address.address,
        port: address.port,
      });
      expect(protocol.room).to.have.length(4); // its type is known
      transport.write(Buffer.from('abcd'));
      transport.close();
      await until(loop, log, 5);
      expect(log).to.deep.equal(['buffer -1', 'updated abcd', 'buffer -1', 'eof', 'lost null']);
      server.close();
      await server.waitClosed();
    }));

  // CPython test_selector_events: test_proto_type_switch
  it('StreamTransport.setProtocol() switches between the kinds, also while data arrives', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const lender = new Lender(log);
      const plain: StreamProtocol = {
        dataReceived: (data) => {
          log.push(`data ${data.toString()}`);
          transport.setProtocol(lender);
        },
      };
      const { transport, peer } = await lentTo(loop, plain);
      lender.bufferUpdated = (bytes) => {
        log.push(`updated ${bytes}`);
        transport.setProtocol(plain);
      };
      for (const [text, lines] of [
        ['ab', 1],
        ['cd', 3],
        ['ef', 4],
      ] as const) {
        peer.send(Buffer.from(text));
        await until(loop, log, lines);
      }
      expect(log.slice(0, 4)).to.deep.equal(['data ab', 'buffer -1', 'updated 2', 'data ef']);
      transport.abort();
      peer.close();
    }));

  it('BufferedProtocol may close, abort or pause in getBuffer(): then nothing is received', () =>
    inLoop(async (loop) => {
      for (const act of ['close', 'abort', 'pauseReading'] as const) {
        const log: string[] = [];
        const lender = new Lender(log);
        const { transport, peer } = await lentTo(loop, lender);
        lender.getBuffer = () => {
          log.push(act);
          transport[act]();
          return lender.room;
        };
        peer.send(Buffer.from('ab'));
        await until(loop, log, 1);
        transport.abort();
        await until(loop, log, 2);
        expect(log).to.deep.equal([act, 'lost null']);
        peer.close();
      }
    }));

  const broken: [title: string, change: Partial<BufferedProtocol>, message: string, error: RegExp][] = [
    [
      'an empty buffer',
      { getBuffer: () => Buffer.alloc(0) },
      'get_buffer',
      /^get_buffer\(\) returned an empty buffer$/,
    ],
    ['no buffer', { getBuffer: () => 'text' as never }, 'get_buffer', /must return a Uint8Array, got 'text'/],
    [
      'a promise',
      { getBuffer: () => Promise.resolve(Buffer.alloc(4)) as never },
      'get_buffer',
      /got Promise/,
    ],
    [
      'an error',
      {
        getBuffer: () => {
          throw new RangeError('no room');
        },
      },
      'get_buffer',
      /^no room$/,
    ],
    [
      'an error of bufferUpdated()',
      {
        bufferUpdated: () => {
          throw new RangeError('no use');
        },
      },
      'buffer_updated',
      /^no use$/,
    ],
  ];
  for (const [title, change, method, error] of broken) {
    it(`StreamTransport reports ${title}, and the connection is lost`, () =>
      inLoop(async (loop, reports) => {
        const log: string[] = [];
        const { peer } = await lentTo(loop, Object.assign(new Lender(log), change));
        peer.send(Buffer.from('ab'));
        while (!log.some((line) => line.startsWith('lost'))) await iterations(loop, 1);
        const [message, exception] = takeReport(reports);
        expect(message).to.equal(`Fatal error: protocol.${method}() call failed.`);
        expect(exception).to.match(error);
        expect(log.at(-1)).to.equal(`lost ${exception ?? ''}`);
        peer.close();
      }));
  }

  it('a protocol with only one of the two methods is no BufferedProtocol', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const protocol = {
        getBuffer: () => null,
        dataReceived: (data: Buffer) => void log.push(data.toString()),
      };
      const { transport, peer } = await lentTo(loop, protocol);
      peer.send(Buffer.from('ab'));
      await until(loop, log, 1);
      expect(log).to.deep.equal(['ab']);
      expect(drain(peer)).to.have.length(0);
      transport.abort();
      peer.close();
    }));
});
