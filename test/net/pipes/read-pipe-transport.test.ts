import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { SelectorEventLoop } from '@ringloop/net';
import { describeWithEpoll, itWithEpoll, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { makePipe, makeTerminal, PipeRecorder } from './pipes.js';

describe('net/read-pipe-transport', () => {
  it('tells what comes in, the end, and that the pipe is closed', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const log: string[] = [];
      const [transport, protocol] = await loop.connectReadPipe(
        () => new PipeRecorder(loop, 'R', log),
        reader,
      );
      expect(transport.getExtraInfo('pipe')).to.equal(reader);
      expect(transport.getExtraInfo('socket', 'none')).to.equal('none');
      expect(transport.getProtocol()).to.equal(protocol);
      writeSync(writer, '1');
      await protocol.received(1);
      writeSync(writer, '2345');
      await protocol.received(5);
      closeSync(writer);
      expect(await protocol.lost).to.equal(null);
      expect(protocol.text).to.equal('12345');
      expect(log).to.deep.equal(['R made ReadPipeTransport', 'R data', 'R eof', 'R lost null']);
    }));

  it('closes the pipe, and nothing else, when it is lost', async () => {
    const before = openDescriptors();
    await inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), reader);
      transport.close();
      transport.close();
      transport.abort();
      expect(transport.isClosing()).to.equal(true);
      expect(transport.isReading()).to.equal(false);
      expect(await protocol.lost).to.equal(null);
      await iterations(loop, 1);
      closeSync(writer);
    });
    expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
  });

  it('reads nothing while it is paused, and everything afterwards', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), reader);
      transport.pauseReading();
      transport.pauseReading();
      expect(transport.isReading()).to.equal(false);
      writeSync(writer, 'held');
      closeSync(writer); // a hang-up, which is reported again and again to who watches
      await iterations(loop, 20);
      expect(protocol.text).to.equal('');
      transport.resumeReading();
      transport.resumeReading();
      expect(transport.isReading()).to.equal(true);
      await protocol.lost;
      expect(protocol.text).to.equal('held');
    }));

  it('goes on after what a protocol throws, which the exception handler is told', () =>
    inLoop(async (loop, reports) => {
      const [reader, writer] = makePipe();
      const error = new RangeError('mine');
      const lost = loop.createFuture<Error | null>();
      let calls = 0;
      await loop.connectReadPipe(
        () => ({
          dataReceived: () => {
            if (++calls === 1) throw error;
            closeSync(writer);
          },
          connectionLost: (exc: Error | null) => lost.setResult(exc),
        }),
        reader,
      );
      writeSync(writer, 'a');
      while (calls < 1) await iterations(loop, 1);
      writeSync(writer, 'b');
      expect(await lost).to.equal(null);
      expect(calls).to.equal(2);
      expect(reports.splice(0).map(({ exception }) => exception)).to.deep.equal([error]);
    }));

  it('fills the memory that a protocol lends, piece by piece', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const room = Buffer.alloc(3);
      const lost = loop.createFuture<Error | null>();
      let text = '';
      await loop.connectReadPipe(
        () => ({
          getBuffer: () => room,
          bufferUpdated: (bytes: number) => void (text += room.toString('latin1', 0, bytes)),
          connectionLost: (exc: Error | null) => lost.setResult(exc),
        }),
        reader,
      );
      writeSync(writer, 'eight by');
      closeSync(writer);
      await lost;
      expect(text).to.equal('eight by');
    }));

  it('gives what comes to a protocol that was set later', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const [transport] = await loop.connectReadPipe(() => ({}), reader);
      const later = new PipeRecorder(loop, 'L', []);
      transport.setProtocol(later);
      expect(() => transport.setProtocol(null as never)).to.throw(TypeError, 'A protocol was expected');
      writeSync(writer, 'x');
      await later.received(1);
      closeSync(writer);
      await later.lost;
    }));

  it('shows what it is, and is closed with its loop', async () => {
    const loop = new SelectorEventLoop({ name: 'test' });
    const [reader, writer] = makePipe();
    const log: string[] = [];
    const [transport] = await loop.runUntilComplete(() =>
      loop.connectReadPipe(() => new PipeRecorder(loop, 'R', log), reader),
    );
    expect(inspect(transport)).to.match(/^<ReadPipeTransport.* open reading=on>$/);
    loop.close();
    expect(inspect(transport)).to.include('lost');
    expect(log).to.deep.equal(['R made ReadPipeTransport']);
    expect(() => writeSync(writer, 'x')).to.throw('EPIPE');
    closeSync(writer);
  });

  describeWithEpoll("Node's handles tell it otherwise", 'A terminal', () => {
    it('is read from its master, and ends with EIO when the other side is gone', () =>
      inLoop(async (loop) => {
        const { master, slave } = makeTerminal();
        const terminal = openSync(slave, constants.O_RDWR | constants.O_NOCTTY);
        const log: string[] = [];
        const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', log), master);
        writeSync(terminal, 'typed\n');
        await protocol.received(7); // the terminal makes \r\n of it
        closeSync(terminal);
        expect(await protocol.lost).to.include({ code: 'EIO' });
        expect(protocol.text).to.equal('typed\r\n');
        expect(log).to.deep.equal(['R made ReadPipeTransport', 'R data', 'R lost EIO']);
      }));
  });

  itWithEpoll(
    'it cannot be watched elsewhere either',
    'A device that cannot be waited for is lost with EPERM',
    () =>
      inLoop(async (loop) => {
        const zero = openSync('/dev/zero', 'r');
        const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), zero);
        expect(await protocol.lost).to.include({ code: 'EPERM', syscall: 'epoll_ctl' });
      }),
  );

  it('A FIFO that nobody has opened for writing yet has not ended', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const path = `/proc/self/fd/${reader}`;
      closeSync(writer);
      const again = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      if (onHandles) return (closeSync(reader), closeSync(again)); // libuv reads at once, and finds the end
      const log: string[] = [];
      const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', log), again);
      const later = openSync(path, 'w');
      writeSync(later, 'late');
      await protocol.received(4);
      closeSync(later);
      await protocol.lost;
      closeSync(reader);
    }));
});
