import { createHash } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { sleep } from 'ringloop';
import { cliFile } from './cli-file.js';
import { inLoop, type Inside } from './in-loop.js';
import { splits } from './splits.js';

const { DigestConnection } = (await cliFile(
  'digest-connection',
)) as typeof import('../../../packages/ringloop/dist/cli/digest-connection.js');
const { Compressor } = (await cliFile(
  'compressor',
)) as typeof import('../../../packages/ringloop/dist/cli/compressor.js');
const { encodeHeader } = (await cliFile(
  'request',
)) as typeof import('../../../packages/ringloop/dist/cli/request.js');
const { encodeAnswer } = (await cliFile(
  'answer',
)) as typeof import('../../../packages/ringloop/dist/cli/answer.js');

interface Serving extends Inside {
  /** Sizes of the files that were reported. */
  readonly files: number[];
  /** A new connection to the server. */
  readonly connect: () => net.Socket;
}

/** Runs `body` beside a server of DigestConnections. */
function serving(body: (serving: Serving) => Promise<void>): Promise<void> {
  return inLoop(async (inside) => {
    const files: number[] = [];
    const compressor = new Compressor(inside.loop);
    const server = await inside.loop.createServer(
      () => new DigestConnection({ compressor, onFile: ({ bytes }) => files.push(bytes) }),
      { host: '127.0.0.1', port: 0 },
    );
    const address = server.sockets?.[0]?.getsockname();
    if (typeof address !== 'object') throw new TypeError('A TCP server has an address');
    const connect = (): net.Socket =>
      net.connect({ port: address.port, host: '127.0.0.1', allowHalfOpen: true });
    await body({ ...inside, files, connect });
    server.close();
    await server.waitClosed();
  });
}

const request = (file: Buffer): Buffer => Buffer.concat([encodeHeader(file.length), file]);

const answer = (file: Buffer): Buffer =>
  encodeAnswer({
    digest: createHash('sha256').update(file).digest(),
    bytes: file.length,
    compressedBytes: gzipSync(file).byteLength,
  });

/** All that the server sends until it closes. */
async function received(socket: net.Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'end');
  socket.end();
  return Buffer.concat(chunks);
}

/** That the server still does its work for others. */
async function expectToServe({ connect }: Serving): Promise<void> {
  const file = Buffer.from('still here');
  const socket = connect();
  socket.end(request(file));
  expect(await received(socket)).to.deep.equal(answer(file));
}

const FILES = ['first', '', 'the third'].map((text) => Buffer.from(text));

describe('ringloop/cli/digest-connection', () => {
  it('DigestConnection answers request after request, however they are cut', () =>
    serving(async ({ connect, files }) => {
      await fc.assert(
        fc.asyncProperty(splits(Buffer.concat(FILES.map(request))), async (pieces) => {
          const socket = connect();
          socket.setNoDelay();
          for (const piece of pieces) {
            socket.write(piece);
            await sleep(0);
          }
          socket.end();
          expect(await received(socket)).to.deep.equal(Buffer.concat(FILES.map(answer)));
          expect(files.splice(0)).to.deep.equal([5, 0, 9]);
        }),
        { numRuns: 10 },
      );
    }));

  it('DigestConnection answers in the order of the requests, whichever is compressed first', () =>
    serving(async ({ connect, executor, loop }) => {
      const resolvers: (() => void)[] = [];
      loop.setDefaultExecutor({
        submit: (fn, args) => ({
          result: new Promise((resolve) => resolvers.unshift(() => resolve(fn(...args) as never))), // what fn returns
          cancel: () => false,
        }),
        shutdown: () => executor.shutdown(),
      });
      const socket = connect();
      socket.end(Buffer.concat(FILES.map(request)));
      while (resolvers.length < 3) await sleep(0.001);
      for (const resolve of resolvers) {
        resolve();
        await sleep(0);
      }
      expect(await received(socket)).to.deep.equal(Buffer.concat(FILES.map(answer)));
    }));

  it('DigestConnection cuts a peer off that speaks something else', () =>
    serving(async (inside) => {
      const socket = inside.connect();
      socket.write('GET / HTTP/1.1\r\n\r\n');
      expect(await received(socket)).to.deep.equal(Buffer.alloc(0));
      await expectToServe(inside);
    }));

  it('DigestConnection answers what came before a length that lies', () =>
    serving(async (inside) => {
      const socket = inside.connect();
      socket.write(request(Buffer.from('ok')));
      const [first] = (await once(socket, 'data')) as [Buffer];
      expect(first).to.deep.equal(answer(Buffer.from('ok')));
      socket.write(Buffer.concat([encodeHeader(1), Buffer.from('more than the one byte announced')]));
      await received(socket);
      expect(inside.files).to.deep.equal([2]);
      await expectToServe(inside);
    }));

  it('DigestConnection gives up a file whose peer ends, or vanishes, within it', () =>
    serving(async (inside) => {
      const ending = inside.connect();
      ending.end(request(Buffer.from('whole')).subarray(0, -1));
      expect(await received(ending)).to.deep.equal(Buffer.alloc(0));
      const vanishing = inside.connect();
      vanishing.write(request(Buffer.from('whole')).subarray(0, -1));
      await once(vanishing, 'connect');
      vanishing.resetAndDestroy();
      await expectToServe(inside);
      expect(inside.files).to.deep.equal(['still here'.length]);
    }));

  it('DigestConnection drops what is compressed for a peer that is gone', () =>
    serving(async (inside) => {
      inside.executor.close();
      const socket = inside.connect();
      socket.write(request(Buffer.from('never to be answered')));
      while (inside.executor.held === 0) await sleep(0.001);
      socket.resetAndDestroy();
      await sleep(0.01); // the reset arrives in no iteration in particular
      inside.executor.open();
      await expectToServe(inside);
      expect(inside.files).to.deep.equal(['still here'.length]);
    }));

  it('DigestConnection reads no more than the executor has room for', () =>
    serving(async ({ connect, executor }) => {
      executor.close();
      const file = Buffer.alloc(16 * 1024 * 1024);
      const socket = connect();
      socket.end(request(file));
      let held = -1;
      while (held !== executor.held || held === 0) {
        held = executor.held;
        await sleep(0.02); // what is on its way arrives
      }
      expect(held).to.be.within(32, 33); // 8 MiB in blocks of 256 KiB, and what one read goes beyond
      executor.open();
      const data = await received(socket);
      expect(data.subarray(0, 32)).to.deep.equal(answer(file).subarray(0, 32));
      expect(executor.submitted).to.equal(64);
    })).slow(1000);

  it('DigestConnection reports a failing executor, and cuts only that connection off', () =>
    serving(async (inside) => {
      const { executor, reports } = inside;
      executor.failure = new Error('no memory');
      const socket = inside.connect();
      socket.end(request(Buffer.from('abc')));
      expect(await received(socket)).to.deep.equal(Buffer.alloc(0));
      expect(reports.splice(0).map(({ exception }) => exception?.message)).to.deep.equal(['no memory']);
      executor.failure = null;
      await expectToServe(inside);
    }));
});
