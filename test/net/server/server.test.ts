import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import net from 'node:net';
import { expect } from 'chai';
import type { SelectorEventLoop, Server, SocketAddress, Transport } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';

const LOCAL = { host: '127.0.0.1', port: 0 } as const;
const nobody = (): object => ({});

const portOf = (server: Server): number => (server.sockets?.[0]?.getsockname() as SocketAddress).port;

/** Connects and waits for the server's side as well. */
async function connect(
  loop: SelectorEventLoop,
  port: number,
  accepted: Recorder[],
): Promise<{ client: Transport; mine: Recorder; served: Recorder }> {
  const before = accepted.length;
  const [client, mine] = await loop.createConnection(() => new Recorder(loop), { host: '127.0.0.1', port });
  const served = accepted[before];
  if (served === undefined) throw new Error('not accepted');
  await served.made;
  return { client, mine, served };
}

async function serve(loop: SelectorEventLoop): Promise<{ server: Server; accepted: Recorder[] }> {
  const accepted: Recorder[] = [];
  const server = await loop.createServer(() => {
    const protocol = new Recorder(loop);
    accepted.push(protocol);
    return protocol;
  }, LOCAL);
  return { server, accepted };
}

describe('net/server', () => {
  it('Server.close() refuses new connections and leaves the old ones alone', () =>
    inLoop(async (loop) => {
      const { server, accepted } = await serve(loop);
      const port = portOf(server);
      const { client, mine, served } = await connect(loop, port, accepted);
      server.close();
      server.close();
      expect(server.sockets).to.equal(null);
      expect(server.isServing()).to.equal(false);
      const refused = await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port }));
      expect(refused.code).to.equal('ECONNREFUSED');
      client.write(Buffer.from('still here'));
      await served.received(10);
      client.close();
      await Promise.all([mine.lost, served.lost]);
    }));

  // test_server.TestServer2.test_wait_closed_basic
  it('Server.waitClosed() waits until the server is closed and its connections are gone, for everybody', () =>
    inLoop(async (loop) => {
      const { server, accepted } = await serve(loop);
      const done: number[] = [];
      const waiters: Promise<void>[] = [];
      const wait = (name: number): number =>
        waiters.push(server.waitClosed().then(() => void done.push(name)));
      wait(1);
      const { client, served } = await connect(loop, portOf(server), accepted);
      wait(2);
      server.close();
      wait(3);
      await served.made;
      expect(done).to.deep.equal([]);
      client.close();
      await Promise.all(waiters);
      expect(done).to.deep.equal([1, 2, 3]);
      expect(served.state).to.equal('closed');
      await server.waitClosed();
    }));

  // test_server.TestServer2.test_wait_closed_race
  it('Server.waitClosed() returns when server and last connection close in the same iteration', () =>
    inLoop(async (loop) => {
      const { server, accepted } = await serve(loop);
      const { client } = await connect(loop, portOf(server), accepted);
      loop.callSoon(() => client.close());
      loop.callSoon(() => server.close());
      await server.waitClosed();
    }));

  // uvloop test_tcp: test_create_server_9
  it('Server.startServing() can be repeated, until the server is closed', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(nobody, { ...LOCAL, startServing: false });
      await server.startServing();
      await server.startServing();
      expect(server.isServing()).to.equal(true);
      expect(server.getLoop()).to.equal(loop);
      server.close();
      expect(await rejection(server.startServing())).to.include({
        name: 'ServerStateError',
        code: 'ERR_SERVER_CLOSED',
      });
      expect((await rejection(server.serveForever())).message).to.match(
        /^server <Server closed .*> is closed$/,
      );
    }));

  // uvloop test_tcp: test_create_server_10; test_server.BaseStartServer
  it('Server.serveForever() serves until it is cancelled, which closes the server', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(nobody, { ...LOCAL, startServing: false });
      const serving = loop.createTask(() => server.serveForever());
      await iterations(loop, 2);
      expect(server.isServing()).to.equal(true);
      expect(await rejection(server.serveForever())).to.include({ code: 'ERR_SERVER_BUSY' });
      serving.cancel();
      expect((await rejection(serving)).name).to.equal('CancelledError');
      expect(server.isServing()).to.equal(false);
      expect(server.sockets).to.equal(null);
    }));

  it('Server.close() ends serveForever()', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(nobody, LOCAL);
      const serving = loop.createTask(() => server.serveForever());
      loop.callSoon(() => loop.callSoon(() => loop.callSoon(() => server.close())));
      expect((await rejection(serving)).name).to.equal('CancelledError');
    }));

  it('Server.closeClients() and abortClients() end the connections', () =>
    inLoop(async (loop) => {
      const { server, accepted } = await serve(loop);
      const first = await connect(loop, portOf(server), accepted);
      server.closeClients();
      await Promise.all([first.served.lost, first.mine.lost]);
      const second = await connect(loop, portOf(server), accepted);
      second.served.transport.pauseReading();
      second.served.transport.write(Buffer.alloc(20_000_000)); // more than the system takes: close() alone would wait
      second.mine.transport.pauseReading();
      server.closeClients();
      server.abortClients();
      await second.served.lost;
      second.client.abort();
      server.close();
      await server.waitClosed();
    }));

  it('Server is disposed of by await using', () =>
    inLoop(async (loop) => {
      let port: number;
      {
        await using server = await loop.createServer(nobody, LOCAL);
        port = portOf(server);
      }
      expect((await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port }))).code).to.equal(
        'ECONNREFUSED',
      );
    }));

  it('Server closes a connection whose factory gives a promise or no object, and says so', () =>
    inLoop(async (loop, reports) => {
      const failing = (): unknown => Promise.reject(new RangeError('of the factory'));
      const wrong: [() => unknown, string][] = [
        [() => Promise.resolve({}), 'got Promise {'],
        [failing, 'got Promise {'],
        [() => undefined, 'got undefined'],
        [() => 5, 'got 5'],
      ];
      for (const [factory, said] of wrong) {
        const server = await loop.createServer(factory as () => object, LOCAL);
        const [, mine] = await loop.createConnection(() => new Recorder(loop), {
          host: '127.0.0.1',
          port: portOf(server),
        });
        await mine.lost;
        server.close();
        await server.waitClosed();
        const told = reports.splice(0).map(({ message, exception }) => [message, exception]);
        const [, exception] = told[0] as [string, Error & { code: string }];
        expect(exception).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_RETURN_VALUE');
        expect(exception.message).to.include(`protocolFactory must return a protocol, ${said}`);
        const rest = told.slice(1).map(([message, thrown]) => `${String(message)}: ${String(thrown)}`);
        expect(rest).to.deep.equal(
          factory === failing ? ['Exception in a protocol factory: RangeError: of the factory'] : [],
        );
      }
    }));

  it('Server keeps AsyncLocalStorage of one connection from the next one', () =>
    inLoop(async (loop) => {
      const user = new AsyncLocalStorage<string>();
      const seen: unknown[] = [];
      const server = await user.run('server', () =>
        loop.createServer(() => {
          seen.push(user.getStore());
          user.enterWith('a client');
          return {};
        }, LOCAL),
      );
      // Both are accepted in one go.
      const clients = await Promise.all(
        [1, 2].map(() => once(net.connect(portOf(server), '127.0.0.1'), 'connect')),
      );
      while (seen.length < clients.length) await iterations(loop, 1);
      expect(seen).to.deep.equal(['server', 'server']);
      server.close();
      server.abortClients();
    }));

  it('Server closes a connection whose factory throws, and says so in debug mode only', async () => {
    for (const debug of [false, true]) {
      await inLoop(
        async (loop, reports) => {
          const factory = (): never => {
            throw new Error('no protocol');
          };
          const server = await loop.createServer(factory, LOCAL);
          const [, mine] = await loop.createConnection(() => new Recorder(loop), {
            host: '127.0.0.1',
            port: portOf(server),
          });
          await mine.lost;
          server.close();
          const messages = reports.splice(0).map(({ message }) => message);
          expect(messages).to.deep.equal(
            debug ? ['Error on transport creation for incoming connection'] : [],
          );
        },
        { debug },
      );
    }
  });
});
