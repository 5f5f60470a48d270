import { itWithEpoll } from '../net/backend.js';
import { expect } from 'chai';
import { CancelledError } from '@ringloop/core';
import {
  AF_INET,
  SOCK_DGRAM,
  type SelectorEventLoop,
  SOCK_STREAM,
  Socket,
  type SocketAddress,
} from '@ringloop/net';
import { collectGarbage } from '../core/collect-garbage.js';
import { inLoop } from '../net/in-loop.js';
import { iterations } from '../net/iterations.js';
import { Recorder } from '../net/recorder.js';
import { rejection } from '../rejection.js';

describe('conformance/sockets', () => {
  itWithEpoll(
    'it is about sock… methods',
    'EventLoopTestsMixin.test_prompt_cancellation: a task that waits in sockRecv() is cancelled at once, and nothing is watched',
    () =>
      inLoop(async (loop) => {
        const [a, b] = Socket.socketpair();
        const task = loop.createTask(() => loop.sockRecv(a, 1));
        await iterations(loop, 2);
        expect(loop.watchesDescriptors()).to.equal(true);
        loop.callSoon(() => task.cancel());
        expect(await rejection(task)).to.be.instanceOf(CancelledError);
        expect(loop.watchesDescriptors()).to.equal(false);
        a.close();
        b.close();
      }),
  );

  it('uvloop test_tcp.test_create_server_7: a server that nobody refers to serves, and is collected once it is closed', () =>
    inLoop(async (loop) => {
      let collected = false;
      const registry = new FinalizationRegistry(() => (collected = true));
      const { port, close } = await serveUnheld(loop, registry);
      await collectGarbage(() => collected, 5);
      expect(collected).to.equal(false);
      const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port,
      });
      transport.close();
      await protocol.lost;
      close();
      await collectGarbage(() => collected);
      expect(collected).to.equal(true);
    })).slow(1000);

  itWithEpoll(
    'its peer is a Socket in the same loop',
    'uvloop test_unix.test_epollhup: what a peer sends before it closes arrives, then the end, then connectionLost(null)',
    () =>
      inLoop(async (loop) => {
        const [ours, peer] = Socket.socketpair();
        const [transport, protocol] = await loop.connectAcceptedSocket(() => new Recorder(loop), ours);
        transport.write(Buffer.from('hello'));
        expect((await loop.sockRecv(peer, 100)).toString()).to.equal('hello');
        peer.send(Buffer.alloc(51, 'x'));
        peer.close();
        expect(await protocol.lost).to.equal(null);
        expect(protocol.log).to.deep.equal(['made', 'data 51', 'eof', 'lost null']);
      }),
  );

  itWithEpoll(
    'it is about sock… methods',
    'BaseSockTestsMixin.test_sock_client_ops: connecting, sending and receiving carry an HTTP request and its answer',
    () =>
      inLoop(async (loop) => {
        const listener = new Socket(AF_INET, SOCK_STREAM);
        listener.bind({ host: '127.0.0.1', port: 0 });
        listener.listen();
        const { address: host, port } = listener.getsockname() as SocketAddress; // of TCP
        const serving = loop.createTask(async () => {
          const [peer] = await loop.sockAccept(listener);
          expect((await loop.sockRecv(peer, 1024)).toString()).to.equal('GET / HTTP/1.0\r\n\r\n');
          await loop.sockSendall(peer, Buffer.from('HTTP/1.0 200 OK\r\n\r\nhello'));
          peer.close();
        });
        const sock = new Socket(AF_INET, SOCK_STREAM);
        await loop.sockConnect(sock, { host, port });
        await loop.sockSendall(sock, Buffer.from('GET / HTTP/1.0\r\n\r\n'));
        await serving;
        const room = Buffer.alloc(1024);
        const count = await loop.sockRecvInto(sock, room);
        expect(room.subarray(0, count).toString()).to.equal('HTTP/1.0 200 OK\r\n\r\nhello');
        expect(await loop.sockRecv(sock, 1)).to.have.length(0);
        sock.close();
        listener.close();
      }),
  );

  itWithEpoll(
    'it is about sock… methods',
    'BaseSockTestsMixin.test_recvfrom_into, test_recvfrom, test_sendto_blocking: datagrams of one size, and a buffer that is too small',
    () =>
      inLoop(async (loop) => {
        const [a, b] = [new Socket(AF_INET, SOCK_DGRAM), new Socket(AF_INET, SOCK_DGRAM)];
        a.bind({ host: '127.0.0.1', port: 0 });
        b.bind({ host: '127.0.0.1', port: 0 });
        const { address: host, port } = b.getsockname() as SocketAddress; // of UDP
        const room = Buffer.alloc(4096);
        expect(await loop.sockSendto(a, Buffer.alloc(4096, 'x'), { host, port })).to.equal(4096);
        expect(await loop.sockRecvfromInto(b, room)).to.deep.equal([4096, a.getsockname()]);
        expect(room.equals(Buffer.alloc(4096, 'x'))).to.equal(true);
        await loop.sockSendto(a, Buffer.alloc(4096, 'y'), { host, port });
        expect(await loop.sockRecvfrom(b, 1000)).to.deep.equal([Buffer.alloc(1000, 'y'), a.getsockname()]);
        a.close();
        b.close();
      }),
  );
});

/** Opens a server that only its loop refers to. */
async function serveUnheld(
  loop: SelectorEventLoop,
  registry: FinalizationRegistry<string>,
): Promise<{ port: number; close: () => void }> {
  const server = await loop.createServer(() => new Recorder(loop), { host: '127.0.0.1', port: 0 });
  registry.register(server, 'server');
  const ref = new WeakRef(server);
  const { port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  return { port, close: () => ref.deref()?.close() };
}
