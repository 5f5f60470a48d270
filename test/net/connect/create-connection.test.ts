import dns from 'node:dns';
import net from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import sinon from 'sinon';
import {
  AF_INET,
  AF_INET6,
  type ConnectionOptions,
  SelectorEventLoop,
  SOCK_DGRAM,
  Socket,
  type SocketAddress,
} from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';
import { fieldsOf } from '../fields-of.js';

const nobody = (): object => ({});

/** A port at which nobody listens, for as long as the socket is kept. */
function refusingPort(): [number, Socket] {
  const sock = new Socket();
  sock.bind({ host: '127.0.0.1', port: 0 });
  return [(sock.getsockname() as SocketAddress).port, sock];
}

async function nodeServer(onConnection: (socket: net.Socket) => void): Promise<[net.Server, number]> {
  const server = net.createServer(onConnection).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return [server, (server.address() as net.AddressInfo).port];
}

/** A listening socket whose queue is full: further connects wait until they are cancelled. */
async function stuckServer(loop: SelectorEventLoop): Promise<{ port: number; close: () => void }> {
  const server = new Socket();
  server.bind({ host: '127.0.0.1', port: 0 });
  server.listen(0);
  const { port } = server.getsockname() as SocketAddress;
  const [filler] = await loop.createConnection(nobody, { host: '127.0.0.1', port });
  return {
    port,
    close: () => {
      filler.abort();
      server.close();
    },
  };
}

describe('net/create-connection', () => {
  it('createConnection() talks to a node:net server', () =>
    inLoop(async (loop) => {
      const [server, port] = await nodeServer((socket) =>
        socket.on('data', (data) => socket.end(`echo ${String(data)}`)),
      );
      const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port,
      });
      expect(protocol.log, 'connectionMade() comes before the await returns').to.deep.equal(['made']);
      transport.write(Buffer.from('hello'));
      expect(await protocol.lost).to.equal(null);
      expect(protocol.log).to.deep.equal(['made', 'data echo hello', 'eof', 'lost null']);
      server.close();
    }));

  it('createConnection() and createServer() refuse a factory that is async or no function, before anything is done', () =>
    inLoop(async (loop) => {
      const [port, sock] = refusingPort();
      for (const [factory, said] of [
        [
          async () => Promise.resolve({}),
          'coroutines cannot be used with METHOD(), got AsyncFunction factory',
        ],
        [undefined, 'a callable object was expected by METHOD(), got undefined'],
        [{}, 'a callable object was expected by METHOD(), got {}'],
      ] as [unknown, string][]) {
        const wrong = factory as () => object;
        if (typeof factory === 'function') Object.defineProperty(factory, 'name', { value: 'factory' });
        const calls = {
          createConnection: () => loop.createConnection(wrong, { host: '127.0.0.1', port }),
          createServer: () => loop.createServer(wrong, { host: '127.0.0.1', port: 0 }),
          connectAcceptedSocket: () => loop.connectAcceptedSocket(wrong, sock),
        };
        for (const [method, call] of Object.entries(calls)) {
          const error = await rejection(call());
          expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_TYPE');
          expect(error.message).to.equal(said.replace('METHOD', method));
        }
      }
      expect(sock.fileno()).to.be.greaterThan(0);
      sock.close();
    }));

  it('createConnection() rejects, and closes the connection, when the factory gives a promise', () =>
    inLoop(async (loop, reports) => {
      const closed = new Promise<void>((resolve) => {
        void nodeServer((socket) =>
          socket
            .on('error', () => undefined)
            .on('close', () => resolve())
            .resume(),
        ).then(async ([server, port]) => {
          const error = await rejection(
            loop.createConnection(() => Promise.reject(new RangeError('late')) as never, {
              host: '127.0.0.1',
              port,
            }),
          );
          expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_RETURN_VALUE');
          expect(error.message).to.match(/^protocolFactory must return a protocol, got Promise/);
          server.close();
        });
      });
      await closed;
      await iterations(loop, 2);
      expect(reports.splice(0).map(({ message, exception }) => [message, exception?.message])).to.deep.equal([
        ['Exception in a protocol factory', 'late'],
      ]);
    }));

  it('createConnection() connects over a name', () =>
    inLoop(async (loop) => {
      const [server, port] = await nodeServer((socket) => socket.end());
      const [transport] = await loop.createConnection(nobody, {
        host: 'localhost',
        port: String(port),
        family: AF_INET,
      });
      expect(transport.getExtraInfo('peername')).to.deep.equal({
        address: '127.0.0.1',
        port,
        family: 'IPv4',
      });
      transport.close();
      server.close();
    }));

  it('createConnection() asks no resolver for an IP address', () =>
    inLoop(async (loop) => {
      const [server, port] = await nodeServer((socket) => socket.end());
      const lookup = sinon.stub(dns, 'lookup').throws(new Error('asked'));
      try {
        const [transport] = await loop.createConnection(nobody, { host: '127.0.0.1', port });
        transport.close();
      } finally {
        lookup.restore();
      }
      server.close();
    }));

  // test_base_events: test_create_connection_connect_err
  it('createConnection() rejects with the error of Node when nobody listens', () =>
    inLoop(async (loop) => {
      const [port, sock] = refusingPort();
      const error = await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port }));
      expect(fieldsOf(error)).to.deep.equal({
        message: `connect ECONNREFUSED 127.0.0.1:${port}`,
        code: 'ECONNREFUSED',
        errno: -111,
        syscall: 'connect',
        address: '127.0.0.1',
        port,
      });
      sock.close();
    }));

  // test_base_events: test_create_connection_multiple_errors
  it('createConnection() tries the addresses in order and names all errors, or takes the first that works', () =>
    inLoop(async (loop) => {
      const [server, port] = await nodeServer((socket) => socket.end());
      const [refusing, sock] = refusingPort();
      const found = (...hosts: string[]): void => {
        lookup.callsFake(((_host: string, _options: unknown, done: (error: null, found: unknown) => void) => {
          setImmediate(() =>
            done(
              null,
              hosts.map((address) => ({ address, family: 4 })),
            ),
          );
        }) as never);
      };
      const lookup = sinon.stub(dns, 'lookup');
      try {
        found('127.0.0.2', '127.0.0.1');
        const [transport] = await loop.createConnection(nobody, { host: 'name', port });
        expect(transport.getExtraInfo('peername')).to.include({ address: '127.0.0.1' });
        transport.close();
        const error = await rejection(loop.createConnection(nobody, { host: 'name', port: refusing }));
        expect(error).to.be.instanceOf(AggregateError);
        expect(error).to.include({
          code: 'ECONNREFUSED',
          message: `Multiple exceptions: connect ECONNREFUSED 127.0.0.2:${refusing}, connect ECONNREFUSED 127.0.0.1:${refusing}`,
        });
        found('127.0.0.1', '127.0.0.1');
        expect(
          (await rejection(loop.createConnection(nobody, { host: 'name', port: refusing }))).message,
        ).to.equal(`connect ECONNREFUSED 127.0.0.1:${refusing}`);
        // test_base_events: test_create_connection_no_getaddrinfo
        found();
        expect((await rejection(loop.createConnection(nobody, { host: 'name', port }))).message).to.equal(
          'getaddrinfo() returned empty list',
        );
      } finally {
        lookup.restore();
      }
      sock.close();
      server.close();
    }));

  // test_events: test_create_connection_local_addr, test_create_connection_local_addr_in_use
  it('createConnection() binds to localAddr, and says when it cannot', () =>
    inLoop(async (loop) => {
      const [server, port] = await nodeServer((socket) => socket.end());
      const [local, sock] = refusingPort();
      sock.close();
      const localAddr = { host: '127.0.0.1', port: local };
      const [transport] = await loop.createConnection(nobody, { host: '127.0.0.1', port, localAddr });
      expect(transport.getExtraInfo('sockname')).to.deep.equal({
        address: '127.0.0.1',
        port: local,
        family: 'IPv4',
      });
      const taken = { host: '127.0.0.1', port }; // the server's own
      const error = await rejection(loop.createConnection(nobody, { ...taken, localAddr: taken }));
      expect(error).to.include({ code: 'EADDRINUSE', syscall: 'bind', ...{ address: '127.0.0.1', port } });
      expect(error.message).to.match(
        new RegExp(String.raw`^error while attempting to bind on address \('127\.0\.0\.1', ${port}\): `),
      );
      transport.abort();
      server.close();
    }));

  // test_events: test_create_connection_local_addr_nomatch_family
  it('createConnection() rejects a localAddr of another family', () =>
    inLoop(async (loop) => {
      const options = { host: '127.0.0.1', port: 1, localAddr: { host: '::1', port: 0 } };
      expect((await rejection(loop.createConnection(nobody, options))).message).to.equal(
        'no matching local address',
      );
    }));

  // test_base_events: test_create_connection_wrong_sock, ..._host_port_sock, ..._no_host_port_sock
  it('createConnection() refuses options that contradict each other, with the words of asyncio', () =>
    inLoop(async (loop) => {
      const sock = new Socket();
      const datagrams = new Socket(AF_INET, SOCK_DGRAM);
      const refusals: [ConnectionOptions, string, string][] = [
        [{}, 'host and port was not specified and no sock specified', 'ERR_INVALID_ARG_VALUE'],
        [
          { host: 'a', sock },
          'host/port and sock can not be specified at the same time',
          'ERR_INVALID_ARG_VALUE',
        ],
        [{ sock: datagrams }, 'A Stream Socket was expected, got ', 'ERR_INVALID_ARG_VALUE'],
        [
          { host: 'a', port: 1, serverHostname: '' },
          'server_hostname is only meaningful with ssl',
          'ERR_INVALID_ARG_VALUE',
        ],
      ];
      for (const [options, message, code] of refusals) {
        const error = await rejection(loop.createConnection(nobody, options));
        expect(error).to.be.instanceOf(TypeError);
        expect(error.message.startsWith(message), error.message).to.equal(true);
        expect(error.code).to.equal(code);
      }
      expect(sock.fileno(), 'a refused socket stays the caller’s').to.not.equal(-1);
      sock.close();
      datagrams.close();
    }));

  it('createConnection() takes over the socket it is given', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), { sock: a });
      expect(a.fileno()).to.equal(-1);
      a.close(); // harmless
      transport.write(Buffer.from('x'));
      expect(b.recv(1).toString()).to.equal('x');
      b.close();
      await protocol.lost;
    }));

  // uvloop test_tcp.test_tcp_handle_exception_in_connection_made
  it('createConnection() resolves although connectionMade() throws, which is reported', () =>
    inLoop(async (loop, reports) => {
      const [a, b] = Socket.socketpair();
      const oops = (): never => {
        throw new Error('oops');
      };
      const [transport] = await loop.createConnection(() => ({ connectionMade: oops }), { sock: a });
      expect(reports.splice(0).map(({ message }) => message?.slice(0, 21))).to.deep.equal([
        'Exception in callback',
      ]);
      transport.abort();
      b.close();
    }));

  it('createConnection() closes its socket when the factory throws', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const factory = (): never => {
        throw new Error('no protocol');
      };
      expect((await rejection(loop.createConnection(factory, { sock: a }))).message).to.equal('no protocol');
      expect(b.recv(1)).to.have.length(0);
      b.close();
    }));

  // uvloop test_tcp: test_create_connection_5
  it('createConnection(), cancelled while it connects, closes its socket at once', () =>
    inLoop(async (loop) => {
      const stuck = await stuckServer(loop);
      // One connection fits into an empty queue of length 0, and it is there; a second one may, depending on the kernel.
      const before = [...openDescriptors().keys()];
      const attempts = Array.from({ length: 3 }, () =>
        loop.createTask(() => loop.createConnection(nobody, { host: '127.0.0.1', port: stuck.port })),
      );
      const tick = loop.createFuture<undefined>();
      loop.callLater(0.02, () => tick.setResult(undefined)); // nothing tells that a SYN was dropped
      await tick;
      const outcomes = attempts.map((task) => {
        task.cancel();
        return task.done() ? 'done' : 'pending';
      });
      expect(outcomes).to.include('pending');
      const settled = await Promise.allSettled(attempts);
      for (const outcome of settled) {
        if (outcome.status === 'fulfilled') outcome.value[0].abort();
        else expect((outcome.reason as Error).name).to.equal('CancelledError');
      }
      await iterations(loop, 2);
      expect([...openDescriptors().keys()]).to.deep.equal(before);
      stuck.close();
    }));

  it('createConnection() on a closed loop rejects and opens nothing', async () => {
    const loop = new SelectorEventLoop();
    loop.close();
    const before = [...openDescriptors().keys()];
    expect(await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port: 1 }))).to.include({
      code: 'ERR_LOOP_CLOSED',
    });
    expect([...openDescriptors().keys()]).to.deep.equal(before);
  });

  it('createConnection() looks for addresses of the family it is given', () =>
    inLoop(async (loop) => {
      const error = await rejection(
        loop.createConnection(nobody, { host: '127.0.0.1', port: 1, family: AF_INET6 }),
      );
      expect(error).to.include({ name: 'ResolutionError', code: 'EAI_ADDRFAMILY', hostname: '127.0.0.1' });
      expect(await rejection(loop.createConnection(nobody, { host: 'a', port: 1, family: 99 }))).to.include({
        code: 'EAI_FAMILY',
      });
    }));

  // uvloop test_tcp.test_create_server_1: 25 clients × (1 MiB 'A' → 'OK', 1 MiB 'B' → 'SPAM')
  it('createConnection() and createServer() carry a megabyte both ways, for 25 clients at once', () =>
    inLoop(async (loop) => {
      const size = 1_048_576;
      const server = await loop.createServer(
        () =>
          new Recorder(loop, {
            onData: (data, transport) => {
              const before = counts.get(transport) ?? 0;
              counts.set(transport, before + data.length);
              if (before < size && before + data.length >= size) transport.write(Buffer.from('OK'));
              if (before + data.length === 2 * size) {
                transport.writelines([Buffer.from('SP'), Buffer.from('AM')]);
                transport.close();
              }
            },
          }),
        { host: '127.0.0.1', port: 0 },
      );
      const counts = new Map<unknown, number>();
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const client = async (): Promise<string> => {
        const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), {
          host: '127.0.0.1',
          port,
        });
        transport.write(new Uint8Array(size).fill(65));
        await protocol.received(2);
        transport.write(Buffer.alloc(size, 'B'));
        expect(await protocol.lost).to.equal(null);
        return protocol.text;
      };
      const answers = await Promise.all(Array.from({ length: 25 }, () => client()));
      expect(answers).to.deep.equal(new Array(25).fill('OKSPAM'));
      server.close();
      await server.waitClosed();
    })).slow(1000);
});
