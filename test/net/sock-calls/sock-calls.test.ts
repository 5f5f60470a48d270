import { sleep, waitFor } from '@ringloop/core';
import { AF_INET, AF_INET6, AF_UNIX, SO_SNDBUF, SOCK_DGRAM, Socket, SOL_SOCKET } from '@ringloop/net';
import { NET } from '@ringloop/net/internal';
import { expect } from 'chai';
import { epollRegistrations, openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

const LOCAL = { host: '127.0.0.1', port: 0 };

/** The port that the system has chosen. */
function portOf(sock: Socket): number {
  const name = sock.getsockname();
  if (typeof name === 'string') throw new Error('A Unix socket has no port');
  return name.port;
}

function listening(): Socket {
  const listener = new Socket();
  listener.bind(LOCAL);
  listener.listen();
  return listener;
}

function boundDatagrams(): Socket {
  const sock = new Socket(AF_INET, SOCK_DGRAM);
  sock.bind(LOCAL);
  return sock;
}

describe('net/sock-calls', () => {
  it('sockConnect(), sockAccept(), sockSendall() and sockRecv() carry 3 MB and the end of the stream', () =>
    inLoop(async (loop) => {
      using listener = listening();
      using client = new Socket();
      const accepting = loop.createTask(() => loop.sockAccept(listener));
      await loop.sockConnect(client, { host: 'localhost', port: portOf(listener) });
      const [conn, peer] = await accepting;
      using served = conn;
      expect(peer).to.deep.include({ address: '127.0.0.1', port: portOf(client) });
      const data = Buffer.alloc(3_000_000, 'abc');
      const sending = loop.createTask(async () => {
        await loop.sockSendall(client, data);
        client.close();
      });
      const chunks: Buffer[] = [];
      for (let chunk = await loop.sockRecv(served, 65_536); chunk.length > 0;) {
        chunks.push(chunk);
        chunk = await loop.sockRecv(served, 65_536);
      }
      await sending;
      expect(Buffer.concat(chunks).equals(data)).to.equal(true);
    }));

  it('sockRecvInto() fills the start of a buffer, and 0 bytes may be asked for', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      a.send(Buffer.from('hello'));
      const buffer = Buffer.alloc(8, '.');
      expect(await loop.sockRecvInto(b, buffer)).to.equal(5);
      expect(buffer.toString()).to.equal('hello...');
      expect((await loop.sockRecv(b, 0)).length).to.equal(0);
      a.close();
      b.close();
    }));

  it('sockSendto() and sockRecvfrom() exchange datagrams with addresses, IPv4', () =>
    inLoop(async (loop) => {
      using one = boundDatagrams();
      using two = boundDatagrams();
      const receiving = loop.createTask(() => loop.sockRecvfrom(two, 100));
      await sleep(0);
      expect(
        await loop.sockSendto(one, Buffer.from('ping'), { host: '127.0.0.1', port: portOf(two) }),
      ).to.equal(4);
      const [data, from] = await receiving;
      expect([data.toString(), from]).to.deep.equal(['ping', one.getsockname()]);
      one.sendto(Buffer.from('a longer one'), { host: '127.0.0.1', port: portOf(two) });
      const buffer = Buffer.alloc(8);
      expect(await loop.sockRecvfromInto(two, buffer)).to.deep.equal([8, one.getsockname()]); // the rest is lost
      expect(buffer.toString()).to.equal('a longer');
    }));

  it('sockRecvfrom() gives an empty datagram, and an address without a name for a Unix socket', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair(AF_UNIX, SOCK_DGRAM);
      a.send(new Uint8Array(0));
      expect(await loop.sockRecvfrom(b, 10)).to.deep.equal([Buffer.alloc(0), '']);
      a.close();
      b.close();
    }));

  it('sockSendall() waits while the peer does not read, and sends nothing for no bytes', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      a.setsockopt(SOL_SOCKET, SO_SNDBUF, 4096);
      await loop.sockSendall(a, new Uint8Array(0));
      const sending = loop.createTask(() => loop.sockSendall(a, Buffer.alloc(200_000, 'x')));
      await sleep(0.01);
      expect(sending.done()).to.equal(false);
      let got = 0;
      while (got < 200_000) got += (await loop.sockRecv(b, 65_536)).length;
      await sending;
      expect(got).to.equal(200_000);
      a.close();
      b.close();
    }));

  it('a call that is cancelled leaves no watch, and what arrives later is not lost', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const { selector } = loop[NET];
      const before = epollRegistrations(selector.fd);
      expect(await rejection(waitFor(loop.sockRecv(b, 10), 0.01))).to.be.instanceOf(Error);
      expect(epollRegistrations(selector.fd)).to.equal(before);
      a.send(Buffer.from('late'));
      expect((await loop.sockRecv(b, 10)).toString()).to.equal('late');
      a.close();
      b.close();
    }));

  it('a call that follows a cancelled one in the same iteration keeps its watch', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const first = loop.createTask(() => loop.sockRecv(b, 10));
      await sleep(0.005);
      first.cancel();
      const second = loop.createTask(() => loop.sockRecv(b, 10));
      await sleep(0.005);
      expect(first.cancelled()).to.equal(true);
      a.send(Buffer.from('for the second'));
      expect((await second).toString()).to.equal('for the se');
      a.close();
      b.close();
    }));

  it('sockAccept() and sockConnect() that are cancelled in any iteration leave nothing open', () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      for (let iterations = 0; iterations < 12; iterations++) {
        const listener = listening();
        const client = new Socket();
        const accepting = loop.createTask(() => loop.sockAccept(listener));
        const connecting = loop.createTask(() =>
          loop.sockConnect(client, { host: '127.0.0.1', port: portOf(listener) }),
        );
        for (let i = 0; i < iterations; i++) await sleep(0);
        accepting.cancel();
        connecting.cancel();
        const results = await Promise.allSettled([accepting, connecting]);
        if (results[0].status === 'fulfilled') results[0].value[0].close();
        listener.close();
        client.close();
      }
      expect(openDescriptors().size).to.equal(before);
    }));

  it('sockConnect() rejects with the error of the system, and of the resolver', () =>
    inLoop(async (loop) => {
      const closed = listening();
      const port = portOf(closed);
      closed.close();
      using sock = new Socket();
      expect(await rejection(loop.sockConnect(sock, { host: '127.0.0.1', port }))).to.include({
        code: 'ECONNREFUSED',
        syscall: 'connect',
        port,
      });
      using six = new Socket(AF_INET6);
      expect(await rejection(loop.sockConnect(six, { host: '127.0.0.1', port }))).to.include({
        code: 'EAI_ADDRFAMILY',
      });
      using unix = new Socket(AF_UNIX);
      expect(await rejection(loop.sockConnect(unix, '/nowhere/at/all'))).to.include({ code: 'ENOENT' });
    }));

  it('wrong arguments, closed sockets and closed loops are refused at once', async () => {
    await inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const code = async (call: PromiseLike<unknown>): Promise<unknown> =>
        ((await rejection(call)) as { code?: unknown }).code;
      expect(await code(loop.sockRecv(5 as never, 1))).to.equal('ERR_INVALID_ARG_TYPE');
      expect(await code(loop.sockRecv(a, -1))).to.equal('ERR_OUT_OF_RANGE');
      expect(await code(loop.sockRecv(a, 1.5))).to.equal('ERR_OUT_OF_RANGE');
      expect(await code(loop.sockSendall(a, 'text' as never))).to.equal('ERR_INVALID_ARG_TYPE');
      expect(await code(loop.sockSendto(a, Buffer.from('x'), 5 as never))).to.equal('ERR_INVALID_ARG_TYPE');
      const [transport] = await loop.connectAcceptedSocket(() => ({}), b);
      const other = new Socket(AF_UNIX, undefined, { fileno: transport.getExtraInfo('socket').fileno() });
      expect(await code(loop.sockRecv(other, 1))).to.equal('ERR_FD_IN_TRANSPORT');
      other.detach();
      transport.abort();
      a.close();
      expect(await code(loop.sockRecv(a, 1))).to.equal('EBADF');
      expect(await code(loop.sockSendall(a, Buffer.from('x')))).to.equal('EBADF');
    });
  });

  it('10,000 exchanges leave no descriptor and no watch', () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      const [a, b] = Socket.socketpair();
      const echo = loop.createTask(async () => {
        for (let i = 0; i < 10_000; i++) await loop.sockSendall(b, await loop.sockRecv(b, 8));
      });
      for (let i = 0; i < 10_000; i++) {
        await loop.sockSendall(a, Buffer.from('12345678'));
        expect((await loop.sockRecv(a, 8)).length).to.equal(8);
      }
      await echo;
      expect(epollRegistrations(loop[NET].selector.fd)).to.equal(0);
      a.close();
      b.close();
      expect(openDescriptors().size).to.equal(before);
    })).timeout(30_000);
});
