import { describeWithEpoll } from '../backend.js';
import { inspect } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import sinon from 'sinon';
import type { DetachedConnection, StreamTransport } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { linked } from '../linked.js';
import { openDescriptors } from '../descriptors.js';
import { Recorder } from '../recorder.js';
import { rejection, thrownBy } from '../../rejection.js';

describeWithEpoll('it needs descriptors', 'net/detached-connection', () => {
  let before: number;
  beforeEach(() => (before = openDescriptors().size));
  afterEach(() => expect(openDescriptors().size).to.equal(before));

  it('detach(): the transport is over, and its protocol is not called', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      const connection = transport.detach();
      expect(transport.isClosing()).to.equal(true);
      expect(transport.getExtraInfo('socket').fileno()).to.equal(-1);
      expect(await thrownBy(() => transport.detach())).to.include({
        name: 'TransportStateError',
        code: 'ERR_TRANSPORT_CLOSING',
      });
      transport.write(Buffer.from('dropped'));
      transport.close();
      transport.abort();
      peer.send(Buffer.from('x'));
      await iterations(loop, 5);
      expect(protocol.log).to.deep.equal(['made']);
      expect(inspect(connection)).to.match(/^<DetachedConnection here fd=\d+ unsent=0>$/);
      connection.close();
      expect(connection.fileno()).to.equal(-1);
      peer.close();
    }));

  it('detach() in each callback of the protocol', () =>
    inLoop(async (loop) => {
      const taken: DetachedConnection[] = [];
      const take = (transport: StreamTransport): void => {
        taken.push(transport.detach());
      };
      const first = await linked(loop, { onMade: take });
      const second = await linked(loop, { onData: (_data, transport) => take(transport) });
      second.peer.send(Buffer.from('x'));
      await iterations(loop, 5);
      expect(first.protocol.log).to.deep.equal(['made']);
      expect(second.protocol.log).to.deep.equal(['made', 'data x']);
      expect(taken).to.have.length(2);
      for (const connection of taken) connection.close();
      for (const { peer } of [first, second]) {
        expect(await loop.sockRecv(peer, 1)).to.have.length(0);
        peer.close();
      }
    }));

  it('detach() lets a server forget the connection', () =>
    inLoop(async (loop) => {
      const S = new Recorder(loop);
      const server = await loop.createServer(() => S, { host: '127.0.0.1', port: 0 });
      const address = server.sockets?.[0]?.getsockname();
      if (typeof address !== 'object') throw new Error('no address');
      const to = { host: address.address, port: address.port };
      const [client, C] = await loop.createConnection(() => new Recorder(loop), to);
      const connection = (await S.made).detach();
      expect(connection.peername).to.include({ address: '127.0.0.1' });
      server.close();
      await server.waitClosed();
      connection.close();
      await C.lost;
      client.close();
    }));

  it('detach() refuses a transport that is closing, and a wrong onReturn', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      expect(await thrownBy(() => transport.detach({ onReturn: 5 as never }))).to.be.instanceOf(TypeError);
      transport.close();
      expect(await thrownBy(() => transport.detach())).to.include({ code: 'ERR_TRANSPORT_CLOSING' });
      await protocol.lost;
      peer.close();
    }));

  it('DetachedConnection is closed at the end of using, unless it was attached', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      {
        using connection = transport.detach();
        expect(connection.state).to.equal('here');
      }
      expect(await loop.sockRecv(peer, 1)).to.have.length(0);
      peer.close();
      const other = await linked(loop);
      let next: StreamTransport;
      {
        using connection = other.transport.detach();
        [next] = await loop.attachConnection(() => ({}), connection);
      }
      expect(next.isClosing()).to.equal(false);
      next.abort();
      other.peer.close();
      await iterations(loop, 2);
    }));

  it('DetachedConnection outlives its loop', async () => {
    let connection: DetachedConnection | undefined;
    await inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      connection = transport.detach();
      peer.send(Buffer.from('late'));
      peer.close();
    });
    await inLoop(async (loop) => {
      if (connection === undefined) throw new Error('not detached');
      const [, protocol] = await loop.attachConnection(() => new Recorder(loop), connection);
      await protocol.lost;
      expect(protocol.log).to.deep.equal(['made', 'data late', 'eof', 'lost null']);
      expect(await rejection(loop.attachConnection(() => ({}), connection))).to.include({
        code: 'ERR_CONNECTION_GONE',
      });
    });
  });

  it('DetachedConnection that is forgotten is closed, with a warning', () =>
    inLoop(async (loop) => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      const { transport, peer } = await linked(loop);
      const warn = sinon.stub(process, 'emitWarning');
      try {
        transport.detach();
        const closed = loop.sockRecv(peer, 1);
        for (let tries = 0; warn.callCount === 0 && tries < 200; tries++) {
          collect();
          await iterations(loop, 2);
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect(await closed).to.have.length(0);
        expect(warn.firstCall.args[1]).to.deep.equal({
          type: 'ResourceWarning',
          code: 'RINGLOOP_CONNECTION_FORGOTTEN',
        });
      } finally {
        warn.restore();
      }
      peer.close();
    }));
});
