import { closeSync, constants, openSync, readSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'chai';
import sinon from 'sinon';
import { SelectorEventLoop, Socket } from '@ringloop/net';
import { describeWithEpoll, itWithEpoll } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { makePipe, makeTerminal, PipeRecorder, readNow } from './pipes.js';

describe('net/write-pipe-transport', () => {
  it('writes what it is given, and closes when all is written', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const log: string[] = [];
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', log),
        writer,
      );
      expect(transport.getExtraInfo('pipe')).to.equal(writer);
      expect(transport.canWriteEof()).to.equal(true);
      transport.write(Buffer.from('1'));
      transport.write(new Uint8Array(0));
      transport.writelines([Buffer.from('23'), Buffer.from(''), Buffer.from('45')]);
      expect(() => transport.write('text' as never)).to.throw(TypeError);
      expect(() => transport.writelines([Buffer.from('6'), 'text' as never])).to.throw(TypeError);
      await iterations(loop, 2);
      expect(readNow(reader)).to.equal('12345');
      transport.close();
      expect(await protocol.lost).to.equal(null);
      await iterations(loop, 1);
      expect(readNow(reader)).to.equal('');
      closeSync(reader);
      expect(log).to.deep.equal(['W made WritePipeTransport', 'W lost null']);
    }));

  itWithEpoll(
    'Node counts what it was given',
    'pauses its protocol while the reader is slow, and loses no byte',
    () =>
      inLoop(async (loop) => {
        const [reader, writer] = makePipe();
        const log: string[] = [];
        const [transport, protocol] = await loop.connectWritePipe(
          () => new PipeRecorder(loop, 'W', log),
          writer,
        );
        const [, sink] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), reader);
        const data = Buffer.alloc(1024 * 1024, 'abcdefg');
        transport.write(data);
        expect(log).to.deep.equal(['W made WritePipeTransport', 'W pause']);
        expect(transport.getWriteBufferSize()).to.be.above(0);
        transport.writeEof(); // as close()
        expect(transport.isClosing()).to.equal(true);
        await sink.received(data.byteLength);
        await protocol.lost;
        await sink.lost;
        expect(sink.text).to.equal(data.toString('latin1'));
        expect(log).to.deep.equal(['W made WritePipeTransport', 'W pause', 'W resume', 'W lost null']);
      }),
  );

  it('sets the marks of its buffer', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', []),
        writer,
      );
      transport.setWriteBufferLimits({ high: 100 });
      expect(transport.getWriteBufferLimits()).to.deep.equal([25, 100]);
      transport.abort();
      await protocol.lost;
      closeSync(reader);
    }));

  describeWithEpoll('libuv watches for no reader', 'A reader that goes away', () => {
    it('is noticed without a write', () =>
      inLoop(async (loop) => {
        const [reader, writer] = makePipe();
        const log: string[] = [];
        const [, protocol] = await loop.connectWritePipe(() => new PipeRecorder(loop, 'W', log), writer);
        await iterations(loop, 5);
        closeSync(reader);
        expect(await protocol.lost).to.equal(null);
        expect(log).to.deep.equal(['W made WritePipeTransport', 'W lost null']);
      }));

    it('is EPIPE when bytes are left', () =>
      inLoop(async (loop) => {
        const [reader, writer] = makePipe();
        const [transport, protocol] = await loop.connectWritePipe(
          () => new PipeRecorder(loop, 'W', []),
          writer,
        );
        transport.write(Buffer.alloc(1_000_000));
        closeSync(reader);
        expect(await protocol.lost).to.include({ code: 'EPIPE', syscall: 'write' });
        expect(transport.getWriteBufferSize()).to.equal(0);
      }));

    it('is noticed at both ends of a socket', () =>
      inLoop(async (loop) => {
        const [ours, theirs] = Socket.socketpair();
        const [, protocol] = await loop.connectWritePipe(() => new PipeRecorder(loop, 'W', []), ours);
        await iterations(loop, 3);
        theirs.close();
        expect(await protocol.lost).to.equal(null);
        expect(ours.fileno()).to.equal(-1); // the transport has closed what it was given
      }));
  });

  it('tells of a reader that is gone when it writes', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', []),
        writer,
      );
      closeSync(reader);
      transport.write(Buffer.from('nobody'));
      const exc = await protocol.lost;
      expect(exc).to.include({ code: 'EPIPE' });
    }));

  itWithEpoll('Node tells of a broken pipe later', 'warns from the fifth late write on', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', []),
        writer,
      );
      const warn = sinon.stub(console, 'warn');
      try {
        transport.abort();
        for (let late = 0; late < 6; late++) transport.write(Buffer.from('x'));
        expect(warn.args).to.deep.equal(
          Array.from({ length: 2 }, () => ['pipe closed by peer or os.write(pipe, data) raised exception.']),
        );
      } finally {
        warn.restore();
      }
      await protocol.lost;
      closeSync(reader);
    }),
  );

  itWithEpoll('Node has no handle for it', 'writes into /dev/null, which cannot be watched', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', log),
        openSync('/dev/null', 'w'),
      );
      transport.write(Buffer.alloc(1_000_000));
      expect(transport.getWriteBufferSize()).to.equal(0);
      transport.close();
      await protocol.lost;
      expect(log).to.deep.equal(['W made WritePipeTransport', 'W lost null']);
    }),
  );

  itWithEpoll(
    'makeTerminal() needs koffi',
    'writes to a terminal, and does not read what is typed there',
    () =>
      inLoop(async (loop) => {
        const { master, slave } = makeTerminal();
        const terminal = openSync(slave, constants.O_RDWR | constants.O_NOCTTY);
        const [transport, protocol] = await loop.connectWritePipe(
          () => new PipeRecorder(loop, 'W', []),
          terminal,
        );
        transport.write(Buffer.from('shown\n'));
        const room = Buffer.alloc(100);
        expect(room.toString('latin1', 0, readSync(master, room))).to.equal('shown\r\n');
        transport.close();
        expect(await protocol.lost).to.equal(null);
        closeSync(master);
      }),
  );

  it('shows what it is, and is closed with its loop', async () => {
    const before = openDescriptors();
    const loop = new SelectorEventLoop({ name: 'test' });
    const [reader, writer] = makePipe();
    const log: string[] = [];
    const [transport, protocol] = await loop.runUntilComplete(() =>
      loop.connectWritePipe(() => new PipeRecorder(loop, 'W', log), writer),
    );
    expect(transport.getProtocol()).to.equal(protocol);
    transport.setProtocol(protocol);
    expect(inspect(transport)).to.match(/^<WritePipeTransport.* open buffered=0>$/);
    loop.close();
    expect(log).to.deep.equal(['W made WritePipeTransport']);
    closeSync(reader);
    await new Promise(setImmediate);
    expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
  });
});
