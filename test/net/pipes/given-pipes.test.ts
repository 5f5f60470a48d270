import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { Socket as NodeSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setImmediate as immediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type PipeLike,
  type ReadTransport,
  type SelectorEventLoop,
  Socket,
  type WriteTransport,
} from '@ringloop/net';
import { itWithEpoll, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { rejection } from '../../rejection.js';
import { dup, hasPty, isNonBlocking, openPty, osPipe, readAll, setBlocking } from './os-pipes.js';
import { PipeRecorder } from './pipe-recorder.js';

const NEEDS = 'Node makes no descriptor of its own';
const itWithPty = hasPty() ? it : it.skip;

function reader(loop: SelectorEventLoop, log?: string[]): () => PipeRecorder {
  return () => new PipeRecorder(loop, log === undefined ? {} : { name: 'R', log });
}

function writer(loop: SelectorEventLoop, log?: string[]): () => PipeRecorder<WriteTransport> {
  return () => new PipeRecorder<WriteTransport>(loop, log === undefined ? {} : { name: 'W', log });
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

/** A FIFO, opened for reading and writing so that neither waits for the other. */
function fifo(): { readonly path: string; readonly both: number; readonly folder: string } {
  const folder = mkdtempSync(join(tmpdir(), 'ringloop-'));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  return { path, both: openSync(path, 'r+'), folder };
}

describe('net/pipes: what is given', () => {
  let before: Map<number, string>;
  beforeEach(() => (before = openDescriptors()));
  afterEach(async () => {
    await immediate(); // libuv closes in the next turn
    const left = [...openDescriptors()].filter(
      ([fd, what]) => !before.has(fd) && !what.includes('anon_inode'),
    );
    expect(left).to.deep.equal([]);
  });

  it('SelectorEventLoop.connectReadPipe() and connectWritePipe() of one pipe tell in the order of CPython', () =>
    inLoop(async (loop) => {
      const log: string[] = [];
      const { read, write } = osPipe();
      const [, R] = await loop.connectReadPipe(reader(loop, log), read);
      const [transport, W] = await loop.connectWritePipe(writer(loop, log), write);
      transport.write(Buffer.from('hello'));
      await R.received(5);
      transport.writeEof();
      await R.lost;
      await W.lost;
      expect(log).to.deep.equal(['R made', 'W made', 'R data hello', 'W lost null', 'R eof', 'R lost null']);
    }));

  it('SelectorEventLoop.connectReadPipe() tells of data that was there before', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      writeSync(write, 'early');
      closeSync(write);
      const [, R] = await loop.connectReadPipe(reader(loop), read);
      expect(R.log[0]).to.equal('made');
      await R.lost;
      expect(R.log).to.deep.equal(['made', 'data early', 'eof', 'lost null']);
    }));

  itWithEpoll(NEEDS, 'WriteTransport is lost when nobody reads any more, without writing', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [transport, W] = await loop.connectWritePipe(writer(loop), write);
      closeSync(read);
      expect(await W.lost).to.equal(null);
      expect(transport.isClosing()).to.equal(true);
    }),
  );

  it('WriteTransport is lost with EPIPE when nobody reads any more and bytes are left', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [transport, W] = await loop.connectWritePipe(writer(loop), write);
      transport.write(Buffer.alloc(1_000_000));
      expect(transport.getWriteBufferSize()).to.be.above(0);
      closeSync(read);
      expect(await W.lost).to.include({ code: 'EPIPE', syscall: 'write' });
      expect(W.log).to.deep.equal(['made', 'pause', 'lost EPIPE']);
      expect(transport.getWriteBufferSize()).to.equal(0);
    }));

  it('WriteTransport delivers what is buffered after close(), and then ends the pipe', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [, R] = await loop.connectReadPipe(reader(loop), read);
      const [transport, W] = await loop.connectWritePipe(writer(loop), write);
      transport.write(Buffer.alloc(1_000_000, 1));
      transport.close();
      transport.write(Buffer.from('dropped'));
      await R.lost;
      expect(R.byteCount).to.equal(1_000_000);
      expect(await W.lost).to.equal(null);
      expect(W.log).to.deep.equal(['made', 'pause', 'resume', 'lost null']);
    }));

  it('WriteTransport.writelines() writes pieces of all sizes, in order', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [, R] = await loop.connectReadPipe(reader(loop), read);
      const [transport] = await loop.connectWritePipe(writer(loop), write);
      const pieces = Array.from({ length: 3000 }, (_, i) => Buffer.alloc(i % 7 === 0 ? 5000 : i % 5, i));
      transport.writelines(pieces);
      transport.close();
      await R.lost;
      expect(Buffer.concat(R.chunks).equals(Buffer.concat(pieces))).to.equal(true);
    }));

  it('ReadTransport.pauseReading() holds the writer back, and resumeReading() goes on', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [from, R] = await loop.connectReadPipe(reader(loop), read);
      const [to, W] = await loop.connectWritePipe(writer(loop), write);
      from.pauseReading();
      expect(from.isReading()).to.equal(false);
      to.write(Buffer.alloc(1_000_000));
      await iterations(loop, 20);
      expect(R.byteCount).to.equal(0);
      expect(W.log).to.deep.equal(['made', 'pause']);
      from.resumeReading();
      await R.received(1_000_000);
      to.close();
      await R.lost;
      expect(W.log).to.deep.equal(['made', 'pause', 'resume', 'lost null']);
    }));

  it('ReadTransport that is paused does not keep the thread busy when the writer has gone', () =>
    inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [from, R] = await loop.connectReadPipe(reader(loop), read);
      from.pauseReading();
      closeSync(write);
      await iterations(loop, 5);
      expect(loop.watchesDescriptors()).to.equal(false);
      expect(R.log).to.deep.equal(['made']);
      from.resumeReading();
      await R.lost;
      expect(R.log).to.deep.equal(['made', 'eof', 'lost null']);
    }));

  describe('what is given', () => {
    const given: Record<string, (fd: number, mode: 'r' | 'w') => Promise<PipeLike> | PipeLike> = {
      'the number of a descriptor': (fd) => fd,
      'a net.Socket': (fd, mode) => new NodeSocket({ fd, readable: mode === 'r', writable: mode === 'w' }),
      ...(onHandles
        ? {}
        : {
            'an object with fileno()': (fd: number) => ({ fileno: () => fd }),
            'an object with fileno() and close()': (fd: number) => ({
              fileno: () => fd,
              close: () => closeSync(fd),
            }),
            'a FileHandle': async (fd: number, mode: string) => {
              const handle = await open(`/proc/self/fd/${fd}`, mode);
              closeSync(fd);
              return handle;
            },
            'a stream of a file': async (fd: number, mode: string) => {
              const stream =
                mode === 'r' ? createReadStream('', { fd, autoClose: true }) : createWriteStream('', { fd });
              await immediate();
              return stream;
            },
          }),
    };
    for (const [what, give] of Object.entries(given)) {
      it(`SelectorEventLoop.connectReadPipe() and connectWritePipe() take ${what}`, () =>
        inLoop(async (loop) => {
          const { read, write } = osPipe();
          const toRead = await give(read, 'r');
          const toWrite = await give(write, 'w');
          const [from, R] = await loop.connectReadPipe(reader(loop), toRead);
          const [to] = await loop.connectWritePipe(writer(loop), toWrite);
          expect(from.getExtraInfo('pipe')).to.equal(toRead);
          expect(to.getExtraInfo('pipe')).to.equal(toWrite);
          expect(to.getExtraInfo('socket')).to.equal(null);
          expect(to.getExtraInfo('socket', 'none')).to.equal('none');
          to.write(Buffer.from('hello'));
          to.close();
          await R.lost;
          expect(R.log).to.deep.equal(['made', 'data hello', 'eof', 'lost null']);
        }));
    }

    it('SelectorEventLoop.connectReadPipe() and connectWritePipe() take Sockets, and close them', () =>
      inLoop(async (loop) => {
        const [a, b] = Socket.socketpair();
        const [, R] = await loop.connectReadPipe(reader(loop), a);
        const [to, W] = await loop.connectWritePipe(writer(loop), b);
        expect([a.fileno(), b.fileno()]).to.deep.equal([-1, -1]);
        to.write(Buffer.from('hello'));
        to.close();
        await R.lost;
        await W.lost;
        expect(R.log).to.deep.equal(['made', 'data hello', 'eof', 'lost null']);
      }));

    it('WriteTransport of a socket is lost when the peer closes', () =>
      inLoop(async (loop) => {
        const [a, b] = Socket.socketpair();
        const [, W] = await loop.connectWritePipe(writer(loop), a);
        b.close();
        expect(await W.lost).to.equal(null);
      }));

    itWithEpoll(
      NEEDS,
      'SelectorEventLoop.connectWritePipe() of the number of a socket leaves it blocking',
      () =>
        inLoop(async (loop) => {
          const [a, b] = Socket.socketpair();
          const fd = a.detach();
          const shared = b.detach();
          const other = dup(shared);
          setBlocking(shared);
          const [, R] = await loop.connectReadPipe(reader(loop), fd);
          const [to] = await loop.connectWritePipe(writer(loop), shared);
          expect(isNonBlocking(other)).to.equal(false);
          to.write(Buffer.alloc(3_000_000)); // it would wait for ever
          expect(to.getWriteBufferSize()).to.be.above(0);
          await R.received(3_000_000);
          to.close();
          closeSync(other);
          await R.lost;
        }),
    );

    itWithEpoll(NEEDS, 'SelectorEventLoop.connectReadPipe() leaves the open file of others blocking', () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe();
        const others = [dup(read), dup(write)];
        const [, R] = await loop.connectReadPipe(reader(loop), read);
        const [to] = await loop.connectWritePipe(writer(loop), write);
        expect(others.map(isNonBlocking)).to.deep.equal([false, false]);
        expect([isOpen(read), isOpen(write)].filter(Boolean)).to.have.length.below(2);
        to.write(Buffer.alloc(1_000_000)); // it would wait for ever
        await R.received(1_000_000);
        to.close();
        for (const fd of others) closeSync(fd);
        await R.lost;
      }),
    );

    itWithEpoll(
      NEEDS,
      'SelectorEventLoop.connectReadPipe() reads a FIFO: nothing before there is a writer',
      () =>
        inLoop(async (loop) => {
          const { path, both, folder } = fifo();
          const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
          closeSync(both);
          const [, R] = await loop.connectReadPipe(reader(loop), fd);
          await iterations(loop, 5);
          expect(R.log).to.deep.equal(['made']);
          const write = openSync(path, 'w');
          writeSync(write, 'hello');
          closeSync(write);
          await R.lost;
          expect(R.log).to.deep.equal(['made', 'data hello', 'eof', 'lost null']);
          rmSync(folder, { recursive: true });
        }),
    );

    it('SelectorEventLoop.connectReadPipe() never sees the end of a FIFO that it may write itself', () =>
      inLoop(async (loop) => {
        const { path, both, folder } = fifo();
        const [from, R] = await loop.connectReadPipe(reader(loop), both);
        for (const text of ['one', 'two']) {
          const write = openSync(path, 'w');
          writeSync(write, text);
          closeSync(write);
          await R.received(text === 'one' ? 3 : 6);
        }
        await iterations(loop, 5);
        from.close();
        await R.lost;
        expect(R.log).to.deep.equal(['made', 'data one', 'data two', 'lost null']);
        rmSync(folder, { recursive: true });
      }));

    itWithEpoll(NEEDS, 'SelectorEventLoop.connectWritePipe() writes a FIFO that it may read itself', () =>
      inLoop(async (loop) => {
        const { path, both, folder } = fifo();
        const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        const [to, W] = await loop.connectWritePipe(writer(loop), both);
        to.write(Buffer.from('hello'));
        await iterations(loop, 5);
        expect(W.log).to.deep.equal(['made']);
        expect(readAll(read).toString()).to.equal('hello');
        to.close();
        await W.lost;
        closeSync(read);
        rmSync(folder, { recursive: true });
      }),
    );

    itWithEpoll(
      NEEDS,
      'SelectorEventLoop.connectWritePipe() of a pipe that nobody reads is lost at once',
      () =>
        inLoop(async (loop) => {
          const { read, write } = osPipe();
          closeSync(read);
          const [, W] = await loop.connectWritePipe(writer(loop), write);
          expect(await W.lost).to.equal(null);
          expect(W.log).to.deep.equal(['made', 'lost null']);
        }),
    );

    it('SelectorEventLoop.connectWritePipe() of a pipe that nobody reads: the first write fails', () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe();
        closeSync(read);
        const protocol = writer(loop)();
        protocol.connectionMade = (transport) => {
          protocol.state = 'connected';
          (transport as WriteTransport).write(Buffer.from('x'));
        };
        await loop.connectWritePipe(() => protocol, write);
        expect(await protocol.lost).to.include({ code: 'EPIPE' });
      }));

    it('SelectorEventLoop.connectWritePipe() writes /dev/null', () =>
      inLoop(async (loop) => {
        const fd = openSync('/dev/null', 'w');
        const [to, W] = await loop.connectWritePipe(writer(loop), fd);
        to.write(Buffer.alloc(1_000_000));
        to.writelines([Buffer.from('a'), Buffer.alloc(10_000)]);
        expect(to.getWriteBufferSize()).to.equal(0);
        await iterations(loop, 3);
        to.close();
        await W.lost;
        expect(W.log).to.deep.equal(['made', 'lost null']);
      }));

    it('SelectorEventLoop.connectWritePipe() of /dev/full is lost with ENOSPC at the first write', () =>
      inLoop(async (loop) => {
        const [to, W] = await loop.connectWritePipe(writer(loop), openSync('/dev/full', 'w'));
        to.write(Buffer.from('x'));
        expect(await W.lost).to.include({ code: 'ENOSPC' });
      }));

    itWithPty(
      'SelectorEventLoop.connectReadPipe() and connectWritePipe() take both sides of a terminal',
      () =>
        inLoop(async (loop) => {
          const { master, slave } = openPty();
          const others = dup(slave);
          const [, R] = await loop.connectReadPipe(reader(loop), master);
          const [to, W] = await loop.connectWritePipe(writer(loop), slave);
          expect(isNonBlocking(others)).to.equal(false);
          to.write(Buffer.from('hello'));
          await R.received(5);
          to.close();
          await W.lost;
          closeSync(others);
          await R.lost;
          expect(R.log).to.deep.equal(['made', 'data hello', 'lost EIO']);
          expect(W.log).to.deep.equal(['made', 'lost null']);
        }),
    );

    itWithPty('SelectorEventLoop.connectReadPipe() reads the lines that are typed into a terminal', () =>
      inLoop(async (loop) => {
        const { master, slave } = openPty();
        const [from, R] = await loop.connectReadPipe(reader(loop), slave);
        writeSync(master, 'line\n');
        await R.received(5);
        expect(R.text).to.equal('line\n');
        from.close();
        await R.lost;
        closeSync(master);
      }),
    );
  });

  describe('what is refused', () => {
    async function refusals(
      loop: SelectorEventLoop,
      pipe: unknown,
    ): Promise<(Error & Record<string, unknown>)[]> {
      return [
        await rejection(loop.connectReadPipe(reader(loop), pipe as PipeLike)),
        await rejection(loop.connectWritePipe(writer(loop), pipe as PipeLike)),
      ];
    }

    it('SelectorEventLoop.connectReadPipe() and connectWritePipe() refuse regular files and folders, and leave them open', () =>
      inLoop(async (loop) => {
        for (const path of [process.execPath, tmpdir()]) {
          const fd = openSync(path, 'r');
          const errors = await refusals(loop, fd);
          expect(errors.map(({ name, code, message }) => [name, code, message])).to.deep.equal([
            ['TypeError', 'ERR_INVALID_ARG_VALUE', `Pipe transport is for pipes/sockets only, got ${fd}`],
            [
              'TypeError',
              'ERR_INVALID_ARG_VALUE',
              `Pipe transport is only for pipes, sockets and character devices, got ${fd}`,
            ],
          ]);
          closeSync(fd);
        }
      }));

    it('SelectorEventLoop.connectReadPipe() refuses devices that are always ready', () =>
      inLoop(async (loop) => {
        for (const path of ['/dev/null', '/dev/zero']) {
          const fd = openSync(path, 'r');
          const error = await rejection(loop.connectReadPipe(reader(loop), fd));
          expect(error).to.include({ code: onHandles ? 'ERR_NO_EPOLL' : 'ERR_INVALID_ARG_VALUE' });
          closeSync(fd);
        }
      }));

    itWithEpoll(
      NEEDS,
      'SelectorEventLoop.connectReadPipe() and connectWritePipe() refuse what is no pipe',
      () =>
        inLoop(async (loop) => {
          for (const wrong of [null, undefined, '3', {}, [], true, { fd: '3' }, { fileno: 3 }]) {
            for (const error of await refusals(loop, wrong)) {
              expect(error).to.include({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
              expect(error.message).to.match(
                /^A pipe must be a descriptor, a FileHandle, a stream or have fileno\(\)/,
              );
            }
          }
          for (const wrong of [-1, 1.5, NaN, 2 ** 31, { fileno: () => -1 }]) {
            for (const error of await refusals(loop, wrong))
              expect(error).to.include({ name: 'RangeError', code: 'ERR_OUT_OF_RANGE' });
          }
          for (const error of await refusals(loop, 1_000_000)) expect(error).to.include({ code: 'EBADF' });
        }),
    );

    itWithEpoll(
      NEEDS,
      'SelectorEventLoop.connectReadPipe() refuses streams without a descriptor, or in use',
      () =>
        inLoop(async (loop) => {
          for (const error of await refusals(loop, new PassThrough())) {
            expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
            expect(error.message).to.match(/^A pipe must be .*, got PassThrough/s);
          }
          const { read, write } = osPipe();
          const stream = new NodeSocket({ fd: read, readable: true, writable: false });
          stream.resume();
          const error = await rejection(loop.connectReadPipe(reader(loop), stream));
          expect(error).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
          expect(error.message).to.match(/^The stream is being read: /);
          const full = new NodeSocket({ fd: write, readable: false, writable: true });
          full.write(Buffer.alloc(1_000_000));
          full.on('error', () => undefined);
          const another = await rejection(loop.connectWritePipe(writer(loop), full));
          expect(another.message).to.match(/^The stream has not written everything yet: /);
          stream.destroy();
          full.destroy();
          await immediate();
        }),
    );

    itWithEpoll(NEEDS, 'SelectorEventLoop.connectReadPipe() refuses the end of the other direction', () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe();
        expect(await rejection(loop.connectReadPipe(reader(loop), write))).to.include({
          code: 'ERR_INVALID_ARG_VALUE',
          message: `Cannot read: file descriptor ${write} is open for writing only`,
        });
        expect(await rejection(loop.connectWritePipe(writer(loop), read))).to.include({
          code: 'ERR_INVALID_ARG_VALUE',
          message: `Cannot write: file descriptor ${read} is open for reading only`,
        });
        closeSync(read);
        closeSync(write);
      }),
    );

    itWithEpoll(NEEDS, 'SelectorEventLoop.connectReadPipe() refuses a descriptor that a transport owns', () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe();
        const [from, R] = await loop.connectReadPipe(reader(loop), read);
        const owned = /fd=(\d+)/.exec(inspect(from))?.[1];
        const error = await rejection(loop.connectReadPipe(reader(loop), Number(owned)));
        expect(error).to.include({ code: 'ERR_FD_IN_TRANSPORT' });
        closeSync(write);
        await R.lost;
      }),
    );

    it('SelectorEventLoop.connectReadPipe() leaves the pipe to its owner when the protocol cannot be made', () =>
      inLoop(async (loop) => {
        const { read, write } = osPipe();
        const fail = (): never => {
          throw new Error('no protocol');
        };
        for (const call of [() => loop.connectReadPipe(fail, read), () => loop.connectWritePipe(fail, write)])
          expect(await rejection(call())).to.include({ message: 'no protocol' });
        expect(await rejection(loop.connectReadPipe((() => 5) as never, read))).to.include({
          code: 'ERR_INVALID_RETURN_VALUE',
        });
        expect(await rejection(loop.connectReadPipe(5 as never, read))).to.include({ name: 'TypeError' });
        writeSync(write, 'x');
        closeSync(read);
        closeSync(write);
      }));

    it('SelectorEventLoop.connectReadPipe() rejects in a loop that is closed', async () => {
      let closed: SelectorEventLoop | undefined;
      await inLoop(async (loop) => void (closed = loop));
      const { read, write } = osPipe();
      if (closed === undefined) throw new Error('no loop');
      expect(await rejection(closed.connectReadPipe(reader(closed), read))).to.include({
        code: 'ERR_LOOP_CLOSED',
      });
      closeSync(read);
      closeSync(write);
    });
  });

  describe('cancellation', () => {
    for (const direction of ['read', 'write'] as const) {
      it(`SelectorEventLoop.connect${direction === 'read' ? 'Read' : 'Write'}Pipe() can be cancelled in every iteration, and leaves no descriptor`, () =>
        inLoop(async (loop) => {
          for (let after = 0; after < 6; after++) {
            const { read, write } = osPipe();
            const [given, other] = direction === 'read' ? [read, write] : [write, read];
            const connect = (): PromiseLike<unknown> =>
              direction === 'read'
                ? loop.connectReadPipe(reader(loop), given)
                : loop.connectWritePipe(writer(loop), given);
            const task = loop.createTask(async () => {
              await connect();
            });
            await iterations(loop, after);
            const cancelled = task.cancel();
            await iterations(loop, 10);
            closeSync(other);
            if (cancelled) expect(task.cancelled()).to.equal(true);
            if (isOpen(given)) closeSync(given); // not begun, or another file has the number: then the end of the test fails
          }
        }));
    }
  });

  it('SelectorEventLoop.close() closes the pipes of its transports, and calls nobody', async () => {
    const log: string[] = [];
    let transports: (ReadTransport | WriteTransport)[] = [];
    await inLoop(async (loop) => {
      const { read, write } = osPipe();
      const [from] = await loop.connectReadPipe(reader(loop, log), read);
      const [to] = await loop.connectWritePipe(writer(loop, log), write);
      from.pauseReading();
      to.write(Buffer.alloc(1_000_000));
      transports = [from, to];
    });
    expect(log).to.deep.equal(['R made', 'W made', 'W pause']);
    for (const transport of transports) {
      expect(inspect(transport)).to.match(/ lost /);
      transport.close(); // as often as one likes
    }
  });
});
