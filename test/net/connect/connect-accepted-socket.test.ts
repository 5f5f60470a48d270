import net from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { Socket, type SocketAddress } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';

describe('net/connect-accepted-socket', () => {
  // test_events.EventLoopTestsMixin.test_connect_accepted_socket
  it('connectAcceptedSocket() makes a transport of a connection that somebody else accepted', () =>
    inLoop(async (loop) => {
      const listener = new Socket();
      listener.bind({ host: '127.0.0.1', port: 0 });
      listener.listen(1);
      const client = net.connect((listener.getsockname() as SocketAddress).port, '127.0.0.1');
      await once(client, 'connect');
      const [accepted] = listener.accept();
      const [transport, protocol] = await loop.connectAcceptedSocket(() => new Recorder(loop), accepted);
      expect(accepted.fileno()).to.equal(-1);
      client.write('lorem ipsum');
      await protocol.received(11);
      transport.write(Buffer.from('received'));
      transport.close();
      const [answer] = (await once(client, 'data')) as [Buffer];
      expect(answer.toString()).to.equal('received');
      await protocol.lost;
      expect(protocol.state).to.equal('closed');
      listener.close();
      client.destroy();
    }));

  it('connectAcceptedSocket() refuses ssl: true and what is no open stream socket', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      expect(await rejection(loop.connectAcceptedSocket(() => ({}), a, { ssl: true }))).to.be.instanceOf(TypeError);
      expect(a.fileno()).to.not.equal(-1);
      a.close();
      expect(await rejection(loop.connectAcceptedSocket(() => ({}), a))).to.be.instanceOf(TypeError);
      expect(
        await rejection(loop.connectAcceptedSocket(() => ({}), null as unknown as Socket)),
      ).to.be.instanceOf(TypeError);
      b.close();
    }));
});
