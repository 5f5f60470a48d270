import { expect } from 'chai';
import sinon from 'sinon';
import { Socket, type SocketAddress } from '@ringloop/net';
import { itWithEpoll } from '../backend.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { Recorder } from '../recorder.js';
import { rejection } from '../../rejection.js';

describe('net/listener', () => {
  itWithEpoll(
    'accepts descriptors',
    'Listener leaves its socket alone for a second when the system is out of descriptors',
    () =>
      inLoop(async (loop, reports) => {
        const accept = sinon.stub(Socket.prototype, 'tryAccept').returns(-24); // EMFILE
        try {
          const served = new Recorder(loop);
          const server = await loop.createServer(() => served, { host: '127.0.0.1', port: 0 });
          const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
          const [client] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
          while (reports.length === 0) await iterations(loop, 1);
          expect(reports.splice(0)).to.have.length(1);
          accept.restore();
          const failed = loop.time();
          await served.made;
          expect(loop.time() - failed).to.be.within(0.9, 3);
          client.abort();
          await served.lost;
          server.close();
        } finally {
          accept.restore();
        }
      }),
  ).slow(1500);

  itWithEpoll('accepts descriptors', 'Listener, closed while it waits to accept again, stays closed', () =>
    inLoop(async (loop, reports) => {
      const accept = sinon.stub(Socket.prototype, 'tryAccept').returns(-23); // ENFILE
      try {
        const server = await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0 });
        const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
        const callLater = sinon.spy(loop, 'callLater');
        const [client] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
        while (reports.length === 0) await iterations(loop, 1);
        const [report] = reports.splice(0);
        expect(report?.message).to.equal('socket.accept() out of system resource');
        expect(report?.exception).to.include({ code: 'ENFILE', syscall: 'accept' });
        expect(report?.socket).to.be.instanceOf(Socket);
        server.close();
        expect(callLater.returnValues.map((retry) => retry.cancelled())).to.deep.equal([true]);
        client.abort();
      } finally {
        accept.restore();
      }
    }),
  );

  itWithEpoll(
    'accepts descriptors',
    'Listener skips a connection that its peer gave up, and accepts the next',
    () =>
      inLoop(async (loop) => {
        // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
        const { tryAccept } = Socket.prototype;
        const accept = sinon.stub(Socket.prototype, 'tryAccept');
        accept.onFirstCall().returns(-103); // ECONNABORTED
        accept.callsFake(function (this: Socket) {
          return tryAccept.call(this);
        });
        try {
          const served = new Recorder(loop);
          const server = await loop.createServer(() => served, { host: '127.0.0.1', port: 0 });
          const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
          const [client] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
          await served.made;
          client.abort();
          await served.lost;
          server.close();
        } finally {
          accept.restore();
        }
      }),
  );

  itWithEpoll(
    'accepts descriptors',
    'Listener accepts no more than its backlog and one in an iteration',
    () =>
      inLoop(async (loop) => {
        const accept = sinon.stub(Socket.prototype, 'tryAccept').returns(-103); // ECONNABORTED: always one more
        try {
          const server = await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0, backlog: 2 });
          const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
          const [client] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
          accept.resetHistory();
          const counts: number[] = [];
          for (let i = 0; i < 3; i++) {
            loop.callSoon(() => counts.push(accept.callCount));
            await iterations(loop, 1);
          }
          expect(counts.every((count) => count % 3 === 0) && accept.called).to.equal(true);
          server.close();
          client.abort();
        } finally {
          accept.restore();
        }
      }),
  );

  itWithEpoll('accepts descriptors', 'Listener refuses a negative backlog instead of never accepting', () =>
    inLoop(async (loop) => {
      for (const backlog of [-1, -5]) {
        const attempt = loop.createServer(() => ({}), { host: '127.0.0.1', port: 0, backlog });
        const error = await rejection(attempt);
        expect(error).to.be.instanceOf(RangeError);
        expect(error).to.include({ code: 'ERR_OUT_OF_RANGE' });
      }
      expect(loop.watchesDescriptors()).to.equal(false);
    }),
  );
});
