import { CancelledError, gather, sleep, TimeoutError, waitFor } from '@ringloop/core';
import { SelectorEventLoop, type Server, Socket, type SocketAddress } from '@ringloop/net';
import { expect } from 'chai';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

// What asyncio's coroutine methods do when they are cancelled, at whatever moment: nothing stays open that nobody has.
describe('Coroutine methods of the loop that are cancelled', () => {
  const local = { host: '127.0.0.1', port: 0 } as const;
  const portOf = (server: Server): number => (server.sockets?.[0]?.getsockname() as SocketAddress).port;

  /** A server that counts its connections. */
  async function counting(
    loop: SelectorEventLoop,
  ): Promise<{ server: Server; port: number; open: () => number }> {
    let open = 0;
    const server = await loop.createServer(
      () => ({ connectionMade: () => open++, connectionLost: () => open-- }),
      local,
    );
    return { server, port: portOf(server), open: () => open };
  }

  it('createConnection() leaves no connection behind, in whichever iteration it is cancelled', () =>
    inLoop(async (loop) => {
      const { server, port, open } = await counting(loop);
      const before = openDescriptors();
      for (let after = 0; after < 12; after++) {
        const task = loop.createTask(() => loop.createConnection(() => ({}), { host: '127.0.0.1', port }));
        const cancelIn = (left: number): void => {
          if (left === 0) task.cancel();
          else loop.callSoon(cancelIn, left - 1);
        };
        cancelIn(after);
        try {
          const [transport] = await task;
          transport.abort(); // it came too late
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(CancelledError);
        }
        await sleep(0.01);
      }
      expect([open(), openDescriptors()]).to.deep.equal([0, before]);
      server.close();
    }));

  it('createServer() leaves no server behind that listens', () =>
    inLoop(async (loop) => {
      const before = openDescriptors();
      for (const host of ['127.0.0.1', 'localhost']) {
        const task = loop.createTask(() => loop.createServer(() => ({}), { host, port: 0 }));
        loop.callSoon(() => task.cancel());
        await rejection(task).catch(() => undefined);
        if (!task.cancelled()) (await task).close();
      }
      await sleep(0.02);
      expect(openDescriptors()).to.deep.equal(before);
    }));

  it('createConnection() that hangs is ended by waitFor(), gather() and createTask()', () =>
    inLoop(async (loop) => {
      const stuck = new Socket();
      stuck.bind(local);
      stuck.listen(0);
      const { port } = stuck.getsockname() as SocketAddress;
      const [filler] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      const before = openDescriptors();
      const connect = (): ReturnType<typeof loop.createConnection> =>
        loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      expect(await rejection(waitFor(connect(), 0.02))).to.be.instanceOf(TimeoutError);
      const gathered = gather([connect(), connect()]);
      const task = loop.createTask(connect());
      await sleep(0.01);
      for (const each of [gathered, task]) {
        each.cancel();
        expect(await rejection(each)).to.be.instanceOf(CancelledError);
      }
      expect(openDescriptors()).to.deep.equal(before);
      filler.abort();
      stuck.close();
    }));

  it('serveForever() is ended by its task, and by waitFor(), and closes the server', () =>
    inLoop(async (loop) => {
      const servers = [
        await loop.createServer(() => ({}), local),
        await loop.createServer(() => ({}), local),
      ];
      const task = loop.createTask(servers[0]!.serveForever());
      await sleep(0.01);
      task.cancel();
      expect(await rejection(task)).to.be.instanceOf(CancelledError);
      expect(await rejection(waitFor(servers[1]!.serveForever(), 0.01))).to.be.instanceOf(TimeoutError);
      expect(servers.map((server) => server.isServing())).to.deep.equal([false, false]);
    }));

  it('waitClosed() that is cancelled leaves no waiter behind in the server', () =>
    inLoop(async (loop) => {
      const { server, port } = await counting(loop);
      const [transport] = await loop.createConnection(() => ({}), { host: '127.0.0.1', port });
      await sleep(0.01);
      server.close();
      expect(await rejection(waitFor(server.waitClosed(), 0.01))).to.be.instanceOf(TimeoutError);
      transport.abort();
      await server.waitClosed();
    }));

  it('createServer() and createConnection() of a closed loop throw ERR_LOOP_CLOSED', async () => {
    const loop = new SelectorEventLoop();
    loop.close();
    for (const call of [
      () => loop.createServer(() => ({}), local),
      () => loop.createConnection(() => ({}), local),
    ]) {
      expect(await rejection(call())).to.have.property('code', 'ERR_LOOP_CLOSED');
    }
  });
});
