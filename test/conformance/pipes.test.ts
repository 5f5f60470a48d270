import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { inspect } from 'node:util';
import { expect } from 'chai';
import { type ReadTransport, SelectorEventLoop, Socket, type WriteTransport } from '@ringloop/net';
import { itWithEpoll } from '../net/backend.js';
import { inLoop } from '../net/in-loop.js';
import { iterations } from '../net/iterations.js';
import { dup, hasPty, openPty, osPipe, readAll } from '../net/pipes/os-pipes.js';
import { PipeRecorder } from '../net/pipes/pipe-recorder.js';
import { rejection } from '../rejection.js';

const WHY = 'it looks at descriptors';

/** Only where the machine has terminals. */
function itWithPty(title: string, test: () => Promise<void>): void {
  if (hasPty()) itWithEpoll(WHY, title, test);
  else it.skip(title, test);
}

/** Whether the number is that of an open file. */
function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

describe('conformance/pipes', () => {
  it('EventLoopTestsMixin.test_read_pipe: data in pieces, then the end, then the loss', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [transport, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop), read);
      expect(protocol.state).to.equal('connected');
      writeSync(write, '1');
      await protocol.received(1);
      expect(protocol.byteCount).to.equal(1);
      writeSync(write, '2345');
      await protocol.received(5);
      expect([protocol.state, protocol.byteCount]).to.deep.equal(['connected', 5]);
      closeSync(write);
      await protocol.lost;
      expect(protocol.log).to.deep.equal(['made', 'data 1', 'data 2345', 'eof', 'lost null']);
      expect(transport.getExtraInfo('pipe')).to.equal(read); // CPython: is not None
    }));

  itWithEpoll(
    WHY,
    'EventLoopTestsMixin.test_unclosed_pipe_transport: a loop that is closed first closes the pipes, and nothing throws',
    async () => {
      const loop = new SelectorEventLoop({ name: 'test' });
      const { read, write } = osPipe();
      const others = [dup(read), dup(write)];
      const transports: (ReadTransport | WriteTransport)[] = [];
      await loop.runUntilComplete(async () => {
        transports.push((await loop.connectReadPipe(() => ({}), read))[0]);
        transports.push((await loop.connectWritePipe(() => ({}), write))[0]);
      });
      expect(transports.map((transport) => inspect(transport)).join()).to.match(/ open .* open /);
      loop.close();
      // In CPython they stay open, and warn when they are collected; here they were closed with their loop.
      for (const transport of transports) {
        expect(inspect(transport)).to.include(' lost ');
        transport.close();
        expect(transport.isClosing()).to.equal(true);
      }
      for (const fd of others) closeSync(fd);
    },
  );

  itWithPty(
    'EventLoopTestsMixin.test_read_pty_output: what the slave writes; its end is no end of the stream',
    () =>
      inLoop(async (loop) => {
        const { master, slave } = openPty();
        const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop), master);
        writeSync(slave, '1');
        await protocol.received(1);
        writeSync(slave, '2345');
        await protocol.received(5);
        closeSync(slave);
        expect(await protocol.lost).to.include({ code: 'EIO' });
        expect(protocol.log).to.deep.equal(['made', 'data 1', 'data 2345', 'lost EIO']);
      }),
  );

  it('EventLoopTestsMixin.test_write_pipe: pieces, and the loss after close()', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder<WriteTransport>(loop),
        write,
      );
      expect(protocol.state).to.equal('connected');
      const room = Buffer.alloc(16);
      transport.write(Buffer.from('1'));
      expect(readSync(read, room)).to.equal(1);
      transport.write(Buffer.from('2345'));
      expect(readSync(read, room)).to.equal(4);
      expect(transport.getExtraInfo('pipe')).to.equal(write);
      expect(protocol.state).to.equal('connected');
      transport.close();
      await protocol.lost;
      expect(protocol.state).to.equal('closed');
      closeSync(read);
    }));

  it('EventLoopTestsMixin.test_write_pipe_disconnect_on_close: the peer closes, and the transport is lost', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder<WriteTransport>(loop),
        ours,
      );
      transport.write(Buffer.from('1'));
      await iterations(loop, 1);
      expect(peer.recv(1024).toString()).to.equal('1');
      peer.close();
      expect(await protocol.lost).to.equal(null);
    }));

  itWithPty('EventLoopTestsMixin.test_write_pty: what is written to the slave comes out of the master', () =>
    inLoop(async (loop) => {
      const { master, slave } = openPty();
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder<WriteTransport>(loop),
        slave,
      );
      const room = Buffer.alloc(16);
      transport.write(Buffer.from('1'));
      expect(readSync(master, room)).to.equal(1);
      transport.write(Buffer.from('2345'));
      expect(readSync(master, room)).to.equal(4);
      transport.close();
      await protocol.lost;
      closeSync(master);
    }),
  );

  itWithPty(
    'EventLoopTestsMixin.test_bidirectional_pty: the slave is read and written by two transports',
    () =>
      inLoop(async (loop) => {
        const { master, slave } = openPty();
        const [from, reader] = await loop.connectReadPipe(() => new PipeRecorder(loop), dup(slave));
        const [to, writer] = await loop.connectWritePipe(() => new PipeRecorder<WriteTransport>(loop), slave);
        const room = Buffer.alloc(64);
        writeSync(master, '1\n');
        await reader.received(2);
        readSync(master, room); // the echo
        to.write(Buffer.from('a'));
        expect(room.toString('latin1', 0, readSync(master, room))).to.equal('a');
        expect([reader.state, writer.state]).to.deep.equal(['connected', 'connected']);
        from.close();
        to.close();
        await reader.lost;
        await writer.lost;
        closeSync(master);
      }),
  );

  itWithEpoll(
    WHY,
    'uvloop test_pipes.test_write_buffer_full: more than the pipe takes, pause and resume, and everything arrives',
    () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe({ nonBlocking: true });
        const [transport, protocol] = await loop.connectWritePipe(
          () => new PipeRecorder<WriteTransport>(loop),
          write,
        );
        const bytes = 1_048_576 + 1;
        transport.write(Buffer.alloc(bytes, 'x'));
        expect(protocol.log).to.deep.equal(['made', 'pause']);
        let arrived = 0;
        while (arrived < bytes) {
          arrived += readAll(read).byteLength;
          await iterations(loop, 1);
        }
        expect(protocol.log).to.deep.equal(['made', 'pause', 'resume']);
        transport.close();
        await protocol.lost;
        closeSync(read);
      }),
  );

  it('ran regular-file: a regular file is refused for reading and for writing, and stays open', () =>
    inLoop(async (loop) => {
      const fd = openSync(process.execPath, 'r');
      expect((await rejection(loop.connectReadPipe(() => ({}), fd))).message).to.match(
        /^Pipe transport is for pipes\/sockets only/,
      );
      expect((await rejection(loop.connectWritePipe(() => ({}), fd))).message).to.match(
        /^Pipe transport is only for pipes, sockets and character devices/,
      );
      expect(isOpen(fd)).to.equal(true);
      closeSync(fd);
    }));
});
