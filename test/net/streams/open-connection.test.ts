// Cases of CPython's test_streams.py (3.13) keep their name in a comment.
import { itWithEpoll } from '../backend.js';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mkdtempSync, rmSync } from 'node:fs';
import {
  BaseEventLoop,
  CancelledError,
  type CoroutineGenerator,
  gather,
  TimeoutError,
  waitFor,
} from '@ringloop/core';
import {
  openConnection,
  openUnixConnection,
  type SelectorEventLoop,
  type Server,
  Socket,
  type SocketAddress,
  startServer,
  type StreamReader,
  startUnixServer,
  type Streams,
  type StreamWriter,
} from '@ringloop/net';
import { expect } from 'chai';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { rejection } from '../../rejection.js';

const host = '127.0.0.1';
const portOf = (server: Server): number => (server.sockets?.[0]?.getsockname() as SocketAddress).port;

async function echoLine(reader: StreamReader, writer: StreamWriter): Promise<void> {
  writer.write(await reader.readline());
  await writer.drain();
  writer.close();
  await writer.waitClosed();
}

/** Sends a line, and returns what comes back. */
async function ask([reader, writer]: Streams): Promise<string> {
  writer.write(Buffer.from('hello world!\n'));
  const answer = await reader.readline();
  writer.close();
  await writer.waitClosed();
  return answer.toString();
}

async function withUnixPath(body: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'streams-'));
  try {
    await body(join(folder, 'sock'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Cancels the opening of a connection after so many iterations, and closes what came before. */
async function cancelIn(
  loop: SelectorEventLoop,
  open: () => ReturnType<typeof openConnection>,
  iterationsLeft: number,
): Promise<void> {
  const task = loop.createTask(open);
  const cancel = (left: number): void => {
    if (left === 0) task.cancel();
    else loop.callSoon(cancel, left - 1);
  };
  cancel(iterationsLeft);
  try {
    const [, writer] = await task;
    writer.close(); // it came too late
    await writer.waitClosed();
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(CancelledError);
  }
}

describe('net/open-connection and start-server', () => {
  const generatorEcho = function* (reader: StreamReader, writer: StreamWriter): CoroutineGenerator<void> {
    writer.write(yield* reader.readline());
    yield* writer.drain();
    writer.close();
  };
  const handlers = {
    'an async function': echoLine,
    'a function that returns a promise': (reader: StreamReader, writer: StreamWriter) =>
      echoLine(reader, writer),
    'a generator function': generatorEcho,
    'a function that returns a generator': (reader: StreamReader, writer: StreamWriter) =>
      generatorEcho(reader, writer),
    'a function that returns nothing': (reader: StreamReader, writer: StreamWriter): void => {
      void reader.readline().then((line) => {
        writer.write(line);
        writer.close();
      });
    },
  };
  for (const [kind, handler] of Object.entries(handlers)) {
    it(`startServer() takes ${kind}`, () =>
      inLoop(async () => {
        // test_start_server, test_open_connection
        const server = await startServer(handler, { host, port: 0 });
        expect(await ask(await openConnection({ host, port: portOf(server) }))).to.equal('hello world!\n');
        server.close();
        await server.waitClosed();
      }));
  }

  it('startUnixServer() and openUnixConnection() do the same by a path', () =>
    withUnixPath((path) =>
      inLoop(async () => {
        // test_start_unix_server, test_open_unix_connection
        const server = await startUnixServer(echoLine, { path });
        expect(await ask(await openUnixConnection({ path }))).to.equal('hello world!\n');
        server.close();
        await server.waitClosed();
      }),
    ));

  itWithEpoll('its peer is a Socket in the same loop', 'openConnection() takes a connected socket', () =>
    inLoop(async (loop) => {
      const [ours, theirs] = Socket.socketpair();
      const [reader, writer] = await openConnection({ sock: ours });
      await loop.sockSendall(theirs, Buffer.from('abc'));
      expect(String(await reader.read(100))).to.equal('abc');
      writer.close();
      await writer.waitClosed();
      theirs.close();
    }),
  );

  it('openConnection() limits the reader, and startServer() its readers', () =>
    inLoop(async (loop) => {
      const refused = loop.createFuture<unknown>();
      const server = await startServer(
        async (reader, writer) => {
          refused.setResult(await rejection(reader.readline()));
          writer.write(Buffer.from('12345678\n'));
          writer.close();
        },
        { host, port: 0, limit: 5 },
      );
      const [reader, writer] = await openConnection({ host, port: portOf(server), limit: 5 });
      writer.write(Buffer.from('12345678\n'));
      expect(await refused).to.have.property('code', 'ERR_LINE_TOO_LONG');
      expect(await rejection(reader.readline())).to.have.property('code', 'ERR_LINE_TOO_LONG');
      writer.close();
      server.close();
      await server.waitClosed();
    }));

  it('openConnection() and the others refuse wrong arguments before they open anything', () =>
    inLoop(async () => {
      const before = openDescriptors();
      for (const call of [
        () => openConnection({ host, port: 1, limit: 0 }),
        () => openUnixConnection({ path: '/nowhere', limit: -1 }),
        () => startServer(echoLine, { host, port: 0, limit: NaN }),
        () => startUnixServer(echoLine, { path: '/nowhere', limit: 0 }),
        () => startServer(null as never, { host, port: 0 }),
        () =>
          startServer(
            async function* () {
              yield await Promise.resolve(1);
            } as never,
            { host, port: 0 },
          ),
        () => openConnection({}),
        () => openConnection({ host, port: 1, ssl: 'yes' as never }),
      ]) {
        const error = await rejection(call());
        expect(error.code).to.match(/^ERR_(OUT_OF_RANGE|INVALID_ARG_(TYPE|VALUE))$/);
      }
      expect(openDescriptors()).to.deep.equal(before);
    }));

  it('openConnection() rejects where no loop runs, and in a loop without sockets', async () => {
    expect(await rejection(openConnection({ host, port: 1 }))).to.have.property(
      'code',
      'ERR_NO_RUNNING_LOOP',
    );
    const loop = new BaseEventLoop();
    const error = await loop.runUntilComplete(() => rejection(startServer(echoLine, { host, port: 0 })));
    expect(error.message).to.equal('startServer() needs a loop with sockets, such as SelectorEventLoop');
    loop.close();
  });

  it('openConnection() leaves no connection behind, in whichever iteration it is cancelled', () =>
    inLoop(async (loop) => {
      let open = 0;
      const server = await loop.createServer(
        () => ({ connectionMade: () => open++, connectionLost: () => open-- }),
        { host, port: 0 },
      );
      const port = portOf(server);
      const before = openDescriptors();
      for (let after = 0; after < 12; after++) {
        await cancelIn(loop, () => openConnection({ host, port }), after);
      }
      // The server learns of the last end in a later iteration.
      while (open > 0 || openDescriptors().size > before.size) await iterations(loop, 1);
      expect(openDescriptors()).to.deep.equal(before);
      server.close();
    }));

  it('startServer() and startUnixServer() leave no server behind when they are cancelled', () =>
    withUnixPath((path) =>
      inLoop(async (loop) => {
        const before = openDescriptors();
        const starts = [
          () => startServer(echoLine, { host, port: 0 }),
          () => startUnixServer(echoLine, { path }),
        ];
        for (const start of starts) {
          for (let after = 0; after < 4; after++) {
            const task = loop.createTask(start);
            await iterations(loop, after);
            task.cancel();
            await task.then(
              (server) => server.close(),
              () => undefined,
            );
          }
        }
        expect(openDescriptors()).to.deep.equal(before);
      }),
    ));

  it('openUnixConnection() leaves no connection behind, in whichever iteration it is cancelled', () =>
    withUnixPath((path) =>
      inLoop(async (loop) => {
        let open = 0;
        const server = await loop.createUnixServer(
          () => ({ connectionMade: () => open++, connectionLost: () => open-- }),
          { path },
        );
        const before = openDescriptors();
        for (let after = 0; after < 8; after++) {
          await cancelIn(loop, () => openUnixConnection({ path }), after);
        }
        while (open > 0 || openDescriptors().size > before.size) await iterations(loop, 1);
        expect(openDescriptors()).to.deep.equal(before);
        server.close();
      }),
    ));

  it('openConnection() is ended by waitFor() and gather(), and can be waited for with yield*', () =>
    inLoop(async (loop: SelectorEventLoop) => {
      const stuck = new Socket();
      stuck.bind({ host, port: 0 });
      stuck.listen(0);
      const { port } = stuck.getsockname() as SocketAddress;
      function* connect(): CoroutineGenerator<Streams> {
        return yield* openConnection({ host, port });
      }
      const [, filler] = await loop.createTask(connect);
      const before = openDescriptors();
      expect(await rejection(waitFor(openConnection({ host, port }), 0.01))).to.be.instanceOf(TimeoutError);
      const gathered = gather([openConnection({ host, port }), openConnection({ host, port })]);
      await iterations(loop, 3);
      gathered.cancel();
      expect(await rejection(gathered)).to.be.instanceOf(CancelledError);
      expect(openDescriptors()).to.deep.equal(before);
      filler.close();
      stuck.close();
    }));

  it('A handler that fails is told, and its connection closed', () =>
    inLoop(async (_loop, reports) => {
      for (const handler of [
        () => Promise.reject(new Error('test')),
        () => {
          throw new Error('test');
        },
      ]) {
        const server = await startServer(handler, { host, port: 0 }); // test_unhandled_exception
        const [reader, writer] = await openConnection({ host, port: portOf(server) });
        expect(String(await reader.read())).to.equal('');
        writer.close();
        server.close();
        await server.waitClosed();
        const [report] = reports.splice(0);
        expect(report?.message).to.equal('Unhandled exception in client_connected_cb');
        expect(report?.exception?.message).to.equal('test');
        expect(report?.transport).to.have.property('isClosing');
      }
    }));

  it('A handler that is cancelled has its connection closed, and nobody is told', () =>
    inLoop(async (loop) => {
      const server = await startServer(() => Promise.reject(new CancelledError()), { host, port: 0 }); // test_unhandled_cancel
      const [reader, writer] = await openConnection({ host, port: portOf(server) });
      expect(String(await reader.read())).to.equal('');
      writer.close();
      server.close();
      await server.waitClosed();
      await iterations(loop, 1);
    }));
});
