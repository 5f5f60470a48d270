import { AsyncLocalStorage } from 'node:async_hooks';
import { once } from 'node:events';
import net from 'node:net';
import { type Protocol, type SelectorEventLoop, Socket, type SocketAddress } from '@ringloop/net';
import { expect } from 'chai';
import { inLoop } from '../net/in-loop.js';

// Cases of uvloop's test_context.py (MIT or Apache 2.0) about what protocols see, for TCP. The facts are theirs, the text is ours.

describe('conformance/protocol-context', () => {
  let storage: AsyncLocalStorage<string>;
  let seen: string[];
  const look = (who: string): void => void seen.push(`${who} ${storage.getStore() ?? 'nothing'}`);

  /** A protocol that notes in which context it is called, and tells when it is over. */
  function watcher(loop: SelectorEventLoop): { protocol: Protocol; over: Promise<void> } {
    const over = loop.createFuture<void>();
    const protocol: Protocol = {
      connectionMade: () => look('made'),
      dataReceived: () => look('data'),
      eofReceived: () => look('eof'),
      connectionLost: () => {
        look('lost');
        over.setResult();
      },
    };
    return { protocol, over };
  }

  beforeEach(() => {
    storage = new AsyncLocalStorage();
    seen = [];
  });

  afterEach(() => {
    storage.disable();
  });

  const ALL = ['made inner', 'data inner', 'eof inner', 'lost inner'];

  it('uvloop ContextBaseTests.test_create_server_protocol_factory_context: the factory runs in the context that createServer() was called in', () =>
    inLoop(async (loop) => {
      const { protocol, over } = watcher(loop);
      const factory = (): Protocol => {
        look('factory');
        return protocol;
      };
      const server = await storage.run('inner', () =>
        loop.createServer(factory, { host: '127.0.0.1', port: 0 }),
      );
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress; // TCP
      net.connect(port, '127.0.0.1').end();
      await over;
      server.close();
      expect(seen[0]).to.equal('factory inner');
    }));

  it('uvloop ContextBaseTests.test_create_server_connection_protocol: and so do all callbacks of its protocols', () =>
    inLoop(async (loop) => {
      const { protocol, over } = watcher(loop);
      const server = await storage.run('inner', () =>
        loop.createServer(() => protocol, { host: '127.0.0.1', port: 0 }),
      );
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress; // TCP
      net.connect(port, '127.0.0.1').end('data');
      await over;
      server.close();
      expect(seen).to.deep.equal(ALL);
    }));

  it('uvloop ContextBaseTests.test_create_connection_protocol: the callbacks of a client run in the context of createConnection()', () =>
    inLoop(async (loop) => {
      const { protocol, over } = watcher(loop);
      const peer = net.createServer((connection) => connection.end('data')).listen(0, '127.0.0.1');
      await once(peer, 'listening');
      const { port } = peer.address() as net.AddressInfo; // TCP
      const task = storage.run('inner', () =>
        loop.createTask(() => loop.createConnection(() => protocol, { host: '127.0.0.1', port })),
      );
      await task;
      await over;
      peer.close();
      expect(seen).to.deep.equal(ALL);
    }));

  it('uvloop ContextBaseTests.test_connect_accepted_socket: those of an accepted connection in that of connectAcceptedSocket()', () =>
    inLoop(async (loop) => {
      const { protocol, over } = watcher(loop);
      const [ours, theirs] = Socket.socketpair();
      await storage.run('inner', () => loop.connectAcceptedSocket(() => protocol, ours));
      theirs.send(Buffer.from('data'));
      theirs.close();
      await over;
      expect(seen).to.deep.equal(ALL);
    }));
});
