import { constants } from 'node:os';
import { describeWithEpoll } from '../backend.js';
import { expect } from 'chai';
import { SHUT_WR, type StreamTransport } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { openDescriptors } from '../descriptors.js';
import { SystemCalls } from '../faults/system-calls.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';

describeWithEpoll('it needs descriptors', 'net/attach-connection', () => {
  let before: number;
  beforeEach(() => (before = openDescriptors().size));
  afterEach(() => expect(openDescriptors().size).to.equal(before));

  it('attachConnection(): a new protocol gets what comes in from now on', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      peer.send(Buffer.from('before'));
      await protocol.received(6);
      const connection = transport.detach();
      peer.send(Buffer.from('after')); // nobody reads it now
      await iterations(loop, 5);
      const [next, second] = await loop.attachConnection(() => new Recorder(loop), connection);
      await second.received(5);
      expect(second.log).to.deep.equal(['made', 'data after']);
      expect(protocol.log).to.deep.equal(['made', 'data before']);
      expect(connection.state).to.equal('gone');
      next.write(Buffer.from('answer'));
      expect(drain(peer).toString()).to.equal('answer');
      next.close();
      await second.lost;
      peer.close();
    }));

  it('attachConnection(): unsent bytes go first, the end of the stream last, the marks stay', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop);
      transport.setWriteBufferLimits({ high: 100, low: 10 });
      transport.write(Buffer.alloc(300_000, 'a'));
      transport.writeEof();
      expect(protocol.log).to.deep.equal(['made', 'pause']);
      const connection = transport.detach();
      expect(connection.unsentBytes).to.be.greaterThan(0);
      expect(connection.eofWritten).to.equal(true);
      const [next, second] = await loop.attachConnection(() => new Recorder(loop), connection);
      await iterations(loop, 2);
      expect(second.log).to.deep.equal(['made', 'pause']);
      expect(next.getWriteBufferLimits()).to.deep.equal([10, 100]);
      expect(next.getExtraInfo('peername')).to.equal(transport.getExtraInfo('peername'));
      let received = 0;
      for (let data = await loop.sockRecv(peer, 65_536); data.length > 0;) {
        received += data.length;
        data = await loop.sockRecv(peer, 65_536);
      }
      expect(received).to.equal(300_000);
      expect(second.log).to.deep.equal(['made', 'pause', 'resume']);
      peer.close();
      await second.lost;
    }));

  it('attachConnection(): what connectionMade() writes comes behind the unsent bytes', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      transport.write(Buffer.alloc(300_000, 'a'));
      const [, second] = await loop.attachConnection(
        () =>
          new Recorder(loop, {
            onMade: (made: StreamTransport) => {
              made.write(Buffer.from('z'));
              made.close();
            },
          }),
        transport.detach(),
      );
      const chunks: Buffer[] = [];
      for (let data = await loop.sockRecv(peer, 65_536); data.length > 0;) {
        chunks.push(data);
        data = await loop.sockRecv(peer, 65_536);
      }
      const all = Buffer.concat(chunks);
      expect(all).to.have.length(300_001);
      expect(all.indexOf('z')).to.equal(300_000);
      await second.lost;
      peer.close();
    }));

  it('attachConnection(): the end of the stream is told once', () =>
    inLoop(async (loop) => {
      const { transport, protocol, peer } = await linked(loop, { keepOpen: true });
      peer.shutdown(SHUT_WR);
      await protocol.ended;
      const connection = transport.detach();
      expect(connection.eofReceived).to.equal(true);
      const [next, second] = await loop.attachConnection(() => new Recorder(loop), connection);
      await iterations(loop, 5);
      expect(second.log).to.deep.equal(['made']);
      expect(next.isReading()).to.equal(false);
      next.write(Buffer.from('still'));
      expect(drain(peer).toString()).to.equal('still');
      next.close();
      peer.close();
      await second.lost;
    }));

  it('attachConnection(): a factory that throws closes the connection', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const connection = transport.detach();
      const factory = (): Recorder => {
        throw new Error('no protocol');
      };
      expect(await rejection(loop.attachConnection(factory, connection))).to.include({
        message: 'no protocol',
      });
      expect(await loop.sockRecv(peer, 1)).to.have.length(0);
      peer.close();
    }));

  it('attachConnection() rejects bad arguments, and leaves the connection alone', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const connection = transport.detach();
      const make = (): Recorder => new Recorder(loop);
      expect(await rejection(loop.attachConnection(null as never, connection))).to.be.instanceOf(TypeError);
      expect(await rejection(loop.attachConnection(make, peer as never))).to.include({
        code: 'ERR_INVALID_ARG_TYPE',
      });
      expect(connection.state).to.equal('here');
      connection.close();
      connection.close();
      expect(await rejection(loop.attachConnection(make, connection))).to.include({
        code: 'ERR_CONNECTION_GONE',
      });
      peer.close();
    }));

  it('attachConnection() that is cancelled closes the connection', () =>
    inLoop(async (loop) => {
      for (let steps = 0; steps < 5; steps++) {
        const { transport, peer } = await linked(loop);
        const task = loop.createTask(async () => {
          const [next] = await loop.attachConnection(() => ({}), transport.detach());
          next.abort();
        });
        await iterations(loop, steps);
        task.cancel();
        await task.catch(() => undefined);
        transport.abort(); // if the task was cancelled before it began
        expect(await loop.sockRecv(peer, 1)).to.have.length(0);
        peer.close();
      }
    }));

  it('attachConnection() of unsent bytes that the system refuses to watch: made, then lost', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      transport.write(Buffer.alloc(1_000_000));
      const connection = transport.detach();
      const protocol = new Recorder(loop);
      {
        using calls = new SystemCalls({ call: 'epoll_ctl ADD', nth: 0, how: constants.errno.ENOMEM });
        await loop.attachConnection(() => protocol, connection);
        expect(calls.delivered).to.equal(true);
      }
      expect(await protocol.lost).to.include({ code: 'ENOMEM', syscall: 'epoll_ctl' });
      expect(protocol.log[0]).to.equal('made');
      expect(protocol.log).to.have.length(2);
      peer.close();
    }));
});
