import { describeWithEpoll } from '../backend.js';
import { once } from 'node:events';
import { Socket as NodeSocket } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect } from 'chai';
import { AF_INET, SOCK_DGRAM, Socket, toNodeSocket } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { linked } from '../linked.js';
import { openDescriptors } from '../descriptors.js';
import { thrownBy } from '../../rejection.js';

describeWithEpoll('it needs descriptors', 'net/to-node-socket', () => {
  let before: number;
  beforeEach(() => (before = openDescriptors().size));
  afterEach(() => expect(openDescriptors().size).to.equal(before));

  it('toNodeSocket() of a Socket: both directions, and the socket is detached', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const socket = toNodeSocket(ours);
      expect(socket).to.be.instanceOf(NodeSocket);
      expect(ours.fileno()).to.equal(-1);
      socket.end('from node');
      expect((await loop.sockRecv(peer, 100)).toString()).to.equal('from node');
      peer.send(Buffer.from('to node'));
      peer.close();
      expect(await text(socket)).to.equal('to node');
      if (!socket.closed) await once(socket, 'close');
    }));

  it('toNodeSocket() of a DetachedConnection sends first what the transport had not sent', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      transport.write(Buffer.alloc(200_000, 'a'));
      transport.writeEof();
      const connection = transport.detach();
      expect(connection.unsentBytes).to.be.greaterThan(0);
      const socket = toNodeSocket(connection, { allowHalfOpen: true });
      expect(connection.state).to.equal('gone');
      let received = 0;
      for (let data = await loop.sockRecv(peer, 65_536); data.length > 0;) {
        received += data.length;
        data = await loop.sockRecv(peer, 65_536);
      }
      expect(received).to.equal(200_000);
      peer.close();
      socket.resume();
      await once(socket, 'close');
      expect(await thrownBy(() => toNodeSocket(connection))).to.include({ code: 'ERR_CONNECTION_GONE' });
    }));

  it('toNodeSocket() refuses what is no open stream socket, and leaves it alone', async () => {
    const datagrams = new Socket(AF_INET, SOCK_DGRAM);
    const closed = new Socket();
    closed.close();
    for (const wrong of [datagrams, closed, 5, null]) {
      expect(await thrownBy(() => toNodeSocket(wrong as Socket))).to.be.instanceOf(TypeError);
    }
    const [ours, peer] = Socket.socketpair();
    expect(await thrownBy(() => toNodeSocket(ours, null as never))).to.be.instanceOf(TypeError);
    expect(ours.fileno()).to.be.greaterThan(-1);
    for (const each of [ours, peer, datagrams]) each.close();
  });

  it('toNodeSocket() closes the descriptor when Node refuses it', async () => {
    const [ours, peer] = Socket.socketpair();
    const options = { signal: 'not a signal' as unknown as AbortSignal };
    expect(await thrownBy(() => toNodeSocket(ours, options))).to.be.instanceOf(Error);
    expect(peer.recv(1)).to.have.length(0);
    peer.close();
    await inLoop((loop) => iterations(loop, 2));
  });
});
