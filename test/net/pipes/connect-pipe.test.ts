import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import { SelectorEventLoop, Socket } from '@ringloop/net';
import { rejection } from '../../rejection.js';
import { describeWithEpoll, itWithEpoll } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { isNonBlocking, makePipe, PipeRecorder, readNow } from './pipes.js';

describe('net/connect-pipe', () => {
  it('refuses what is no pipe, and leaves it open', () =>
    inLoop(async (loop) => {
      const file = openSync(new URL(import.meta.url), 'r');
      const read = await rejection(loop.connectReadPipe(() => ({}), file));
      expect(read).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_VALUE');
      expect(read.message).to.equal(`Pipe transport is for pipes/sockets only, got ${file}`);
      const write = await rejection(loop.connectWritePipe(() => ({}), file));
      expect(write.message).to.equal(
        `Pipe transport is only for pipes, sockets and character devices, got ${file}`,
      );
      closeSync(file);
    }));

  it('refuses wrong arguments', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      for (const wrong of [undefined, null, 'pipe', {}, { fd: 'one' }, { fileno: 3 }]) {
        const error = await rejection(loop.connectReadPipe(() => ({}), wrong as never));
        expect(error, String(wrong)).to.be.instanceOf(TypeError);
        expect(error.message).to.include('A pipe must be a descriptor');
      }
      for (const wrong of [-1, 1.5, NaN, 2 ** 32 + reader]) {
        expect(await rejection(loop.connectReadPipe(() => ({}), wrong))).to.be.instanceOf(RangeError);
      }
      expect(await rejection(loop.connectReadPipe(() => ({}), 1_000_000))).to.include({ code: 'EBADF' });
      expect(await rejection(loop.connectReadPipe('no factory' as never, reader))).to.be.instanceOf(
        TypeError,
      );
      // A factory that fails has taken the pipe over already.
      expect(await rejection(loop.connectReadPipe(() => 1 as never, reader))).to.include({
        code: 'ERR_INVALID_RETURN_VALUE',
      });
      expect(() => closeSync(reader)).to.throw('EBADF');
      closeSync(writer);
    }));

  itWithEpoll('handles have numbers of their own', 'refuses a descriptor that a transport has', () =>
    inLoop(async (loop) => {
      const [a, b] = Socket.socketpair();
      const fd = a.fileno();
      const [transport] = await loop.connectAcceptedSocket(() => ({}), a);
      expect(await rejection(loop.connectReadPipe(() => ({}), fd))).to.include({
        code: 'ERR_FD_IN_TRANSPORT',
      });
      transport.abort();
      b.close();
      await iterations(loop, 2);
    }),
  );

  it('refuses in a closed loop', async () => {
    const loop = new SelectorEventLoop({ name: 'test' });
    loop.close();
    const other = new SelectorEventLoop({ name: 'other' });
    const [reader, writer] = makePipe();
    const error = await other.runUntilComplete(() =>
      rejection(Promise.resolve().then(() => loop.connectReadPipe(() => ({}), reader))),
    );
    expect(error).to.include({ code: 'ERR_LOOP_CLOSED' });
    other.close();
    closeSync(reader);
    closeSync(writer);
  });

  it('takes a FileHandle, which it closes', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const handle = await open(`/proc/self/fd/${writer}`, 'w');
      closeSync(writer);
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', []),
        handle,
      );
      expect(transport.getExtraInfo('pipe')).to.equal(handle);
      transport.write(Buffer.from('by handle'));
      await iterations(loop, 2);
      expect(readNow(reader)).to.equal('by handle');
      transport.close();
      await protocol.lost;
      while (handle.fd !== -1) await new Promise(setImmediate);
      closeSync(reader);
    }));

  itWithEpoll('the socket would have two handles', "takes a stream of Node's, which it destroys", () =>
    inLoop(async (loop) => {
      const server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const client = connect((server.address() as { port: number }).port, '127.0.0.1');
      const [accepted] = (await once(server, 'connection')) as [import('node:net').Socket];
      const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), accepted);
      client.end('from Node');
      await protocol.lost;
      expect(protocol.text).to.equal('from Node');
      expect(accepted.destroyed).to.equal(true);
      server.close();
    }),
  );

  it('takes what has a fileno()', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const pipe = { fileno: () => writer, close: () => closeSync(writer) };
      const [transport, protocol] = await loop.connectWritePipe(() => new PipeRecorder(loop, 'W', []), pipe);
      transport.close();
      await protocol.lost;
      expect(() => closeSync(writer)).to.throw('EBADF');
      closeSync(reader);
    }));

  it('leaves the open file blocking for others that have it', () =>
    inLoop(async (loop) => {
      const [reader, writer] = makePipe();
      const blocking = openSync(`/proc/self/fd/${writer}`, 'w');
      expect(isNonBlocking(blocking)).to.equal(false);
      const [transport, protocol] = await loop.connectWritePipe(
        () => new PipeRecorder(loop, 'W', []),
        blocking,
      );
      expect(isNonBlocking(blocking)).to.equal(false);
      transport.close();
      await protocol.lost;
      closeSync(reader);
      closeSync(writer);
    }));

  describeWithEpoll('its calls cannot be told not to wait', 'A socket of other processes', () => {
    it('stays blocking', () =>
      inLoop(async (loop) => {
        const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {
          stdio: 'pipe',
        });
        const [ours, theirs] = Socket.socketpair();
        const { fd } = { fd: theirs.fileno() };
        const [, protocol] = await loop.connectReadPipe(() => new PipeRecorder(loop, 'R', []), {
          fileno: () => fd,
        });
        ours.send(Buffer.from('x'));
        await protocol.received(1);
        ours.close();
        await protocol.lost;
        theirs.close();
        child.kill();
        await once(child, 'exit');
      }));
  });

  it('leaves nothing open when it is cancelled, in whichever iteration', async () => {
    const before = openDescriptors();
    for (let after = 0; after < 4; after++) {
      await inLoop(async (loop) => {
        const [reader, writer] = makePipe();
        const task = loop.createTask(() => loop.connectReadPipe(() => ({}), reader));
        const other = loop.createTask(() => loop.connectWritePipe(() => ({}), writer));
        await iterations(loop, after);
        const wasCancelled = [task.cancel(), other.cancel()];
        const results = await Promise.allSettled([task, other]);
        for (const [at, result] of results.entries()) {
          if (result.status === 'fulfilled') result.value[0].abort();
          else if (wasCancelled[at] !== true) throw result.reason;
        }
        if (openDescriptors().has(reader)) closeSync(reader); // it had not begun
        if (openDescriptors().has(writer)) closeSync(writer);
        await iterations(loop, 3);
      });
    }
    expect([...openDescriptors().keys()]).to.deep.equal([...before.keys()]);
  });
});
