import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  AF_UNIX,
  type DatagramTransport,
  SHUT_WR,
  SO_TYPE,
  SOCK_STREAM,
  Socket,
  SOL_SOCKET,
} from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { linked } from '../linked.js';
import { thrownBy } from '../../rejection.js';

describe('net/transport-socket', () => {
  it('TransportSocket says what the socket is, and can neither read nor write nor close', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const sock = transport.getExtraInfo('socket');
      expect(sock).to.include({ family: AF_UNIX, type: SOCK_STREAM, proto: 0 });
      expect(sock.getsockopt(SOL_SOCKET, SO_TYPE)).to.equal(SOCK_STREAM);
      expect(sock.getsockopt(SOL_SOCKET, SO_TYPE, 4)).to.have.length(4);
      expect(sock.getsockname()).to.equal('');
      expect(inspect(sock)).to.equal(
        `<TransportSocket of <Socket fd=${sock.fileno()} family=1 type=1 proto=0>>`,
      );
      for (const name of ['recv', 'send', 'close', 'connect', 'accept', 'detach', 'listen', 'bind'])
        expect(sock).not.to.have.property(name);
      transport.abort();
      peer.close();
    }));

  it('TransportSocket.shutdown() ends the stream for the peer', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      transport.getExtraInfo('socket').shutdown(SHUT_WR);
      expect(await loop.sockRecv(peer, 1)).to.have.length(0);
      transport.abort();
      peer.close();
    }));

  it('TransportSocket.ticket() opens a second descriptor that outlives the transport', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      using second = Socket.fromTicket(transport.getExtraInfo('socket').ticket());
      transport.abort();
      await protocol.lost;
      second.send(Buffer.from('x'));
      expect((await loop.sockRecv(peer, 1)).toString()).to.equal('x');
      peer.close();
    }));

  it('TransportSocket of datagrams enters multicast groups', () =>
    inLoop(async (loop) => {
      const received = loop.createFuture<string>();
      const [transport]: [DatagramTransport, unknown] = await loop.createDatagramEndpoint(
        () => ({ datagramReceived: (data: Buffer) => received.setResult(data.toString()) }),
        { localAddr: { host: '0.0.0.0', port: 0 } },
      );
      const sock = transport.getExtraInfo('socket');
      const name = sock.getsockname();
      sock.addMembership('239.255.77.2', '127.0.0.1');
      sock.setMulticastInterface('127.0.0.1');
      transport.sendto(Buffer.from('to all'), {
        host: '239.255.77.2',
        port: typeof name === 'string' ? 0 : name.port,
      });
      expect(await received).to.equal('to all');
      sock.dropMembership('239.255.77.2', '127.0.0.1');
      transport.close();
    }));

  it('TransportSocket throws EBADF once the transport is closed', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const sock = transport.getExtraInfo('socket');
      transport.abort();
      await protocol.lost;
      for (const use of [
        () => sock.dup(),
        () => sock.ticket(),
        () => sock.shutdown(SHUT_WR),
        () => sock.getsockname(),
        () => sock.getpeername(),
        () => sock.setOption('reuseAddress', true),
        () => sock.getOption('reuseAddress'),
        () => sock.getsockopt(SOL_SOCKET, SO_TYPE),
      ])
        expect(await thrownBy(use)).to.include({ code: 'EBADF' });
      expect(sock.fileno()).to.equal(-1);
      peer.close();
    }));
});
