import { expect } from 'chai';
import sinon from 'sinon';
import { SO_SNDBUF, Socket, SOL_SOCKET } from '@ringloop/net';
import { libc } from '@ringloop/net/internal';
import { SystemCalls } from '../faults/system-calls.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { drain, linked } from '../linked.js';
import { describeWithEpoll } from '../backend.js';

/** Chunks that tell their place. */
const numbered = (sizes: readonly number[]): Buffer[] =>
  sizes.map((size, index) => Buffer.alloc(size, index % 251));

describeWithEpoll('it counts system calls', 'net: writelines()', () => {
  it('StreamTransport.writelines() sends small and large chunks in one system call', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const [transport] = await loop.connectAcceptedSocket(() => ({}), ours);
      // A small array alone between large ones lies in V8's own heap until somebody asks for its address.
      const chunks = [...numbered([10, 20, 8000, 0]), Uint8Array.of(1, 2, 3), ...numbered([9000, 40])];
      {
        using calls = new SystemCalls();
        transport.writelines(chunks);
        expect([calls.counts.get('sendmsg'), calls.counts.get('send')]).to.deep.equal([1, undefined]);
        transport.writelines(numbered([10, 20, 30]));
        expect([calls.counts.get('sendmsg'), calls.counts.get('send')]).to.deep.equal([1, 1]);
      }
      expect(drain(peer).equals(Buffer.concat([...chunks, ...numbered([10, 20, 30])]))).to.equal(true);
      transport.abort();
      peer.close();
    }));

  it('StreamTransport.writelines() sends what the system does not take later, more chunks than IOV_MAX as well', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const chunks = numbered(Array.from({ length: 3000 }, (_, index) => (index % 2 === 0 ? 5000 : 7)));
      const all = Buffer.concat(chunks);
      transport.writelines(chunks);
      for (const chunk of chunks) chunk.fill(255); // the memory is ours again
      transport.writelines([Buffer.from('end')]);
      const received: Buffer[] = [];
      let bytes = 0;
      while (bytes < all.length + 3) {
        const part = drain(peer);
        received.push(part);
        bytes += part.length;
        await iterations(loop, 1);
      }
      expect(Buffer.concat(received).equals(Buffer.concat([all, Buffer.from('end')]))).to.equal(true);
      transport.abort();
      peer.close();
    }));

  it('StreamTransport.writelines() copies nothing of the large chunks that the system takes at once', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const [transport] = await loop.connectAcceptedSocket(() => ({}), ours);
      const chunks = numbered([20_000, 20_000, 20_000]);
      const sendAll = sinon.spy(Socket.prototype, 'trySendAll');
      try {
        transport.writelines(chunks);
        const pieces = sendAll.args.flat(2);
        expect(pieces.map((piece, at) => piece === chunks[at])).to.deep.equal([true, true, true]);
      } finally {
        sendAll.restore();
      }
      expect(transport.getWriteBufferSize()).to.equal(0);
      transport.abort();
      peer.close();
    }));

  it('StreamTransport sends the blocks of its write buffer in one system call', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      while (transport.getWriteBufferSize() === 0) transport.write(Buffer.alloc(1000, 1));
      for (const chunk of numbered([20_000, 20_000, 20_000])) transport.write(chunk);
      using calls = new SystemCalls();
      let bytes = drain(peer).length;
      while (transport.getWriteBufferSize() > 0) {
        await iterations(loop, 1);
        bytes += drain(peer).length;
      }
      expect(bytes).to.be.above(60_000);
      expect(calls.counts.get('sendmsg')).to.be.above(0);
      transport.abort();
      peer.close();
    }));

  it('StreamTransport looks at a part of a large write buffer each time that it sends', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      const data = Buffer.alloc(1000, 1);
      let written = 0;
      for (; transport.getWriteBufferSize() < 3_000_000; written += data.length) transport.write(data);
      transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_SNDBUF, 65_536); // otherwise it takes a thousand calls
      const address = sinon.spy(libc(), 'address');
      using calls = new SystemCalls();
      let bytes = 0;
      try {
        while (bytes < written) {
          bytes += drain(peer).length;
          await iterations(loop, 1);
        }
      } finally {
        address.restore();
      }
      expect([bytes, transport.getWriteBufferSize()]).to.deep.equal([written, 0]);
      // One for the list of the blocks, and at most 64 for the blocks.
      expect(address.callCount).to.be.within(1, 65 * (calls.counts.get('sendmsg') ?? 0));
      transport.abort();
      peer.close();
    }));

  it('StreamTransport gives others their turn while the system takes all there is', () =>
    inLoop(async (loop) => {
      const { transport, peer } = await linked(loop);
      for (let block = 0; block < 1500; block++) transport.write(Buffer.alloc(17_000)); // 24 calls' worth
      let calls = 0;
      const callsOfTurn = loop.createFuture<number>();
      const sendAll = sinon.stub(Socket.prototype, 'trySendAll').callsFake((pieces) => {
        if (calls++ === 0) loop.callSoon(() => callsOfTurn.setResult(calls));
        return pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
      });
      try {
        drain(peer);
        expect(await callsOfTurn).to.equal(16);
        while (transport.getWriteBufferSize() > 0) await iterations(loop, 1);
        expect(calls).to.equal(24);
      } finally {
        sendAll.restore();
      }
      transport.abort();
      peer.close();
    }));

  it('Socket.trySendAll() gives what the system took, or -errno', () => {
    const [a, b] = Socket.socketpair();
    expect(a.trySendAll([])).to.equal(0);
    expect(a.trySendAll([Buffer.alloc(0), Buffer.from('ab'), Buffer.from('cd')])).to.equal(4);
    expect(drain(b).toString()).to.equal('abcd');
    expect(() => a.trySendAll(['x' as never])).to.throw(TypeError);
    b.close();
    expect(a.trySendAll([Buffer.from('ab'), Buffer.from('cd')])).to.be.lessThan(0);
    a.close();
    expect(a.trySendAll([Buffer.from('ab')])).to.be.lessThan(0);
  });
});
