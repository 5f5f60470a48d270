import dgram from 'node:dgram';
import { once } from 'node:events';
import { setImmediate as immediate } from 'node:timers/promises';
import { expect } from 'chai';
import { AF_INET, SO_BROADCAST, SO_RCVBUF, SO_SNDBUF, type SocketAddress, SOL_SOCKET } from '@ringloop/net';
import { type DatagramPlaces, HandleDatagram, HandleSelector } from '@ringloop/net/internal';
import { rejection, thrownBy } from '../../rejection.js';

const LOCAL = { host: '127.0.0.1', port: 0 };
const EAGAIN = 11; // the tests run on Linux

async function opened(places: Partial<DatagramPlaces> = {}): Promise<HandleDatagram> {
  return new Promise((resolve, reject) => {
    const made: HandleDatagram = new HandleDatagram(
      new HandleSelector(() => undefined),
      { family: AF_INET, local: LOCAL, remote: null, ...places },
      (error) => {
        if (error === null) resolve(made);
        else reject(error);
      },
    );
  });
}

const placeOf = (socket: HandleDatagram): { host: string; port: number } => {
  const { address, port } = socket.getsockname() as SocketAddress; // bound
  return { host: address, port };
};

async function nodeSocket(): Promise<[dgram.Socket, { host: string; port: number }]> {
  const socket = dgram.createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return [socket, { host: '127.0.0.1', port: socket.address().port }];
}

describe('net/handle-datagram', () => {
  it('HandleDatagram carries datagrams both ways, and says -EAGAIN when there is none', async () => {
    const socket = await opened();
    const [node, at] = await nodeSocket();
    const room = Buffer.alloc(100);
    expect([socket.isReady('reader'), socket.tryRecvfromInto(room)]).to.deep.equal([false, -EAGAIN]);
    const memory = Buffer.from('hello');
    const arrived = once(node, 'message');
    expect(socket.trySendto(memory, at)).to.equal(5);
    memory.fill('x'); // it was copied
    const [data, from] = (await arrived) as [Buffer, dgram.RemoteInfo];
    expect([data.toString(), from.port]).to.deep.equal(['hello', placeOf(socket).port]);
    node.send('', placeOf(socket).port, '127.0.0.1');
    while (!socket.isReady('reader')) await immediate();
    expect(socket.tryRecvfromInto(room)).to.deep.equal([
      0,
      { address: '127.0.0.1', port: at.port, family: 'IPv4' },
    ]);
    socket.close();
    expect([socket.tryRecvfromInto(room), socket.trySend(memory)]).to.deep.equal([-9, -9]);
    expect(await thrownBy(() => socket.getsockname())).to.include({ code: 'EBADF' });
    node.close();
  });

  it('HandleDatagram hands Node so much at a time, and close() lets all of that go', async () => {
    const [node, at] = await nodeSocket();
    let count = 0;
    node.on('message', () => count++);
    const socket = await opened({ local: null, remote: at });
    expect(socket.getpeername()).to.include({ port: at.port });
    const data = Buffer.alloc(1000);
    let taken = 0;
    while (socket.trySend(data) > 0) taken++;
    expect([taken, socket.isReady('writer')]).to.deep.equal([66, false]);
    socket.close();
    while (count < taken) await immediate();
    node.close();
  });

  it('HandleDatagram keeps what arrives for the loop within a limit, and loses the rest, as the system does', async () => {
    const socket = await opened();
    const [node] = await nodeSocket();
    const { host, port } = placeOf(socket);
    const data = Buffer.alloc(10_000);
    for (let i = 0; i < 60; i++) await new Promise((resolve) => node.send(data, port, host, resolve));
    for (let turn = 0; turn < 100; turn++) await immediate();
    const room = Buffer.alloc(10_000);
    let kept = 0;
    while (typeof socket.tryRecvfromInto(room) !== 'number') kept++;
    expect(kept).to.be.within(1, 21);
    node.send('later', port, host);
    while (!socket.isReady('reader')) await immediate();
    socket.close();
    node.close();
  });

  it('HandleDatagram tells what the system says of its address, and of a port where nobody listens', async () => {
    const first = await opened();
    const taken = placeOf(first);
    expect(await rejection(opened({ local: taken }))).to.include({
      code: 'EADDRINUSE',
      syscall: 'bind',
      ...{ port: taken.port },
    });
    first.close();
    const socket = await opened({ local: null, remote: taken });
    socket.trySend(Buffer.from('x'));
    while (!socket.isReady('reader')) await immediate();
    expect(socket.tryRecvfromInto(Buffer.alloc(1))).to.equal(-111); // ECONNREFUSED
    socket.close();
  });

  it('HandleDatagram has the options that Node can set, and refuses others', async () => {
    const socket = await opened({ broadcast: true });
    expect(socket.getsockopt(SOL_SOCKET, SO_BROADCAST)).to.equal(1);
    for (const name of [SO_RCVBUF, SO_SNDBUF]) {
      socket.setsockopt(SOL_SOCKET, name, 8192);
      expect(socket.getsockopt(SOL_SOCKET, name)).to.equal(8192);
    }
    expect(await thrownBy(() => socket.setsockopt(SOL_SOCKET, 2, 1))).to.include({ code: 'ERR_NO_EPOLL' });
    expect(await thrownBy(() => socket.dup())).to.include({ code: 'ERR_NO_EPOLL' });
    expect(await thrownBy(() => socket.getpeername())).to.include({ code: 'ENOTCONN' });
    socket.close();
  });
});
