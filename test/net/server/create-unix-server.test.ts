import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectNode } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { sleep } from '@ringloop/core';
import { AF_INET, AF_UNIX, Socket, type Transport } from '@ringloop/net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';

class Echo {
  #transport: Transport | null = null;

  connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#transport?.write(data);
  }
}

/** Keeps what it receives, and closes after so many bytes. */
class Collector {
  readonly chunks: Buffer[] = [];
  transport: Transport | null = null;
  lost = false;

  connectionMade(transport: Transport): void {
    this.transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.chunks.push(data);
  }

  connectionLost(): void {
    this.lost = true;
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }
}

describe('createUnixServer() and createUnixConnection()', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringloop-unix-'));
    path = join(folder, 'echo.sock');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  it('carry bytes over a path, and the file of the socket goes with the server', () =>
    inLoop(async (loop) => {
      await using server = await loop.createUnixServer(() => new Echo(), { path });
      expect(lstatSync(path).isSocket()).to.equal(true);
      expect(server.sockets?.[0]?.getsockname()).to.equal(path);
      const [transport, protocol] = await loop.createUnixConnection(() => new Collector(), { path });
      expect(transport.getExtraInfo('peername')).to.equal(path);
      transport.write(Buffer.from('hello'));
      while (protocol.text !== 'hello') await sleep(0.001);
      transport.close();
      server.close();
      expect(existsSync(path)).to.equal(false);
    }));

  for (const [what, given] of [
    ['a file: URL', () => pathToFileURL(path)],
    ['bytes', () => Buffer.from(path)],
    ['the abstract namespace', () => `\0ringloop-test-${process.pid}`],
  ] as const) {
    it(`take ${what} as the path`, () =>
      inLoop(async (loop) => {
        await using server = await loop.createUnixServer(() => new Echo(), { path: given() });
        expect(server.isServing()).to.equal(true);
        const [transport, protocol] = await loop.createUnixConnection(() => new Collector(), {
          path: given(),
        });
        transport.write(Buffer.from('x'));
        while (protocol.text !== 'x') await sleep(0.001);
        transport.close();
        expect(readdirSync(folder).length).to.equal(what === 'the abstract namespace' ? 0 : 1);
      }));
  }

  it("a client of Node's own gets its bytes back", () =>
    inLoop(async (loop) => {
      await using server = await loop.createUnixServer(() => new Echo(), { path });
      expect(server.isServing()).to.equal(true);
      const text = await new Promise<string>((resolve, reject) => {
        const socket = connectNode(path, () => socket.write('from node'));
        socket.on('data', (data) => {
          socket.end();
          resolve(data.toString());
        });
        socket.on('error', reject);
      });
      expect(text).to.equal('from node');
    }));

  // CPython test_existing_path_sock, test_existing_path_nonsock
  it('createUnixServer() removes a stale socket file, and leaves any other file', () =>
    inLoop(async (loop) => {
      const stale = new Socket(AF_UNIX);
      stale.bind(path);
      stale.close();
      await using server = await loop.createUnixServer(() => new Echo(), { path });
      expect(server.isServing()).to.equal(true);
      const file = join(folder, 'file');
      writeFileSync(file, 'mine');
      const error = await rejection(loop.createUnixServer(() => new Echo(), { path: file }));
      expect(error).to.include({ code: 'EADDRINUSE', message: `Address '${file}' is already in use` });
      expect(existsSync(file)).to.equal(true);
    }));

  it('close() leaves the file that another server has made at the path since, and with cleanupSocket: false its own', () =>
    inLoop(async (loop) => {
      const first = await loop.createUnixServer(() => new Echo(), { path });
      const second = await loop.createUnixServer(() => new Echo(), { path, cleanupSocket: false });
      first.close();
      expect(existsSync(path)).to.equal(true);
      second.close();
      expect(existsSync(path)).to.equal(true);
    }));

  it('sock is taken over by a connection, and owned by a server', () =>
    inLoop(async (loop) => {
      const listener = new Socket(AF_UNIX);
      listener.bind(path);
      const server = await loop.createUnixServer(() => new Echo(), { sock: listener });
      const client = new Socket(AF_UNIX);
      client.connect(path);
      const [transport, protocol] = await loop.createUnixConnection(() => new Collector(), { sock: client });
      expect(client.fileno()).to.equal(-1);
      transport.write(Buffer.from('by sock'));
      while (protocol.text !== 'by sock') await sleep(0.001);
      transport.close();
      server.close();
      expect(existsSync(path)).to.equal(false);
    }));

  it("wrong options are refused with asyncio's messages, and nothing is left", () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      const inet = new Socket(AF_INET);
      const message = async (call: PromiseLike<unknown>): Promise<string> => (await rejection(call)).message;
      const server = (options: object): PromiseLike<unknown> =>
        loop.createUnixServer(() => new Echo(), options);
      const connection = (options: object): PromiseLike<unknown> =>
        loop.createUnixConnection(() => new Echo(), options);
      expect(await message(server({}))).to.equal('path was not specified, and no sock specified');
      expect(await message(server({ path, sock: inet }))).to.equal(
        'path and sock can not be specified at the same time',
      );
      expect(await message(server({ sock: inet }))).to.match(
        /^A UNIX Domain Stream Socket was expected, got /,
      );
      expect(await message(server({ path, backlog: -1 }))).to.include('backlog');
      expect(await message(server({ path: 5 }))).to.match(
        /^path must be a string, a URL or a Uint8Array, got 5$/,
      );
      expect(await message(server({ path, ssl: true }))).to.equal(
        'ssl argument must be an SSLContext or null',
      );
      expect(await message(connection({}))).to.equal('no path and sock were specified');
      expect(await message(connection({ path, sock: inet }))).to.equal(
        'path and sock can not be specified at the same time',
      );
      expect(await message(connection({ path: 'x'.repeat(200) }))).to.include('AF_UNIX path too long');
      expect(await rejection(connection({ path }))).to.include({ code: 'ENOENT', syscall: 'connect' });
      inet.close();
      expect(openDescriptors().size).to.equal(before);
      expect(readdirSync(folder)).to.deep.equal([]);
    }));

  it('cancelled in any iteration, both leave nothing open', () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      for (let iterations = 0; iterations < 10; iterations++) {
        const opening = loop.createTask(() => loop.createUnixServer(() => new Echo(), { path }));
        for (let i = 0; i < iterations; i++) await sleep(0);
        opening.cancel();
        await opening.then(
          (server) => server.close(),
          () => undefined,
        );
        const server = await loop.createUnixServer(() => new Echo(), { path });
        const connecting = loop.createTask(() => loop.createUnixConnection(() => new Collector(), { path }));
        for (let i = 0; i < iterations; i++) await sleep(0);
        connecting.cancel();
        await connecting.then(
          ([transport]) => transport.abort(),
          () => undefined,
        );
        server.close();
        server.abortClients();
        await server.waitClosed();
        await sleep(0.001);
      }
      expect(openDescriptors().size).to.equal(before);
    }));
});
