import { createHash } from 'node:crypto';
import { truncate, unlink } from 'node:fs/promises';
import { expect } from 'chai';
import type { Protocol, StreamTransport } from '@ringloop/net';
import type { EventLoop } from 'ringloop';
import { cliFile } from './cli-file.js';
import { inLoop } from './in-loop.js';
import { rejection } from '../../rejection.js';
import { TemporaryFolder } from './temporary-folder.js';

const { stopStreaming, streamFiles } = (await cliFile(
  'client',
)) as typeof import('../../../packages/ringloop/dist/cli/client.js');
const { RequestParser } = (await cliFile(
  'request',
)) as typeof import('../../../packages/ringloop/dist/cli/request.js');
const { encodeAnswer } = (await cliFile(
  'answer',
)) as typeof import('../../../packages/ringloop/dist/cli/answer.js');

type Answer = Parameters<typeof encodeAnswer>[0];
type Reply = (right: Answer, transport: StreamTransport) => Answer | null;

/** A server that may lie: `reply` makes something of the right answer; null is no answer. */
class Digester implements Protocol {
  #transport: StreamTransport | null = null;
  readonly #parser: InstanceType<typeof RequestParser>;

  constructor(reply: Reply) {
    let hash = createHash('sha256');
    let bytes = 0;
    this.#parser = new RequestParser({
      begin: (length) => {
        hash = createHash('sha256');
        bytes = length;
      },
      data: (chunk) => hash.update(chunk),
      end: () => {
        const transport = this.#transport;
        if (transport === null) return;
        const answer = reply({ digest: hash.digest(), bytes, compressedBytes: 0 }, transport);
        if (answer !== null) transport.write(encodeAnswer(answer));
      },
    });
  }

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
  }

  dataReceived(data: Buffer): void {
    this.#parser.push(data);
  }
}

async function serve(loop: EventLoop, reply: Reply): Promise<{ host: string; port: number }> {
  const server = await loop.createServer(() => new Digester(reply), { host: '127.0.0.1', port: 0 });
  const address = server.sockets?.[0]?.getsockname();
  if (typeof address !== 'object') throw new TypeError('A TCP server has an address');
  return { host: '127.0.0.1', port: address.port };
}

describe('ringloop/cli/client', () => {
  let folder: TemporaryFolder;
  let files: string[];
  beforeEach(() => {
    folder = new TemporaryFolder();
    files = ['one', '', 'three'].map((text, i) => folder.write(`file-${i}`, text));
    files.push(folder.write('large', Buffer.alloc(3_000_000, 'large')));
  });
  afterEach(() => folder.remove());

  for (const connections of [1, 3, 20]) {
    it(`streamFiles() gets the right answer for every file over ${connections} connections`, () =>
      inLoop(async ({ loop }) => {
        const destination = { ...(await serve(loop, (right) => right)), connections, http: false };
        const streamed = await streamFiles(files, destination);
        expect(streamed).to.deep.include({ files: 4, bytes: 3_000_008, mismatches: [], failure: null });
        expect(streamed.p50Ms).to.be.within(0, streamed.p99Ms ?? 0);
        expect(streamed.seconds).to.be.greaterThan(0);
      }));
  }

  it('streamFiles() names the files with a wrong digest or size', () =>
    inLoop(async ({ loop }) => {
      const destination = await serve(loop, (right) => {
        if (right.bytes === 3) return { ...right, digest: Buffer.alloc(32) };
        return right.bytes === 5 ? { ...right, bytes: 6 } : right;
      });
      const { mismatches, files: sent } = await streamFiles(files, {
        ...destination,
        connections: 1,
        http: false,
      });
      expect(mismatches).to.deep.equal([files[0], files[2]]);
      expect(sent).to.equal(4);
    }));

  it('streamFiles() stops at a file that is gone, and says why', () =>
    inLoop(async ({ loop }) => {
      const gone = files[1] ?? '';
      await unlink(gone);
      const destination = { ...(await serve(loop, (right) => right)), connections: 1, http: false };
      const { failure, files: sent } = await streamFiles(files, destination);
      expect(failure).to.equal(`Cannot read ${gone}: it does not exist`);
      expect(sent).to.equal(1);
    }));

  it('streamFiles() stops at a folder in the place of a file', () =>
    inLoop(async ({ loop }) => {
      const destination = { ...(await serve(loop, (right) => right)), connections: 1, http: false };
      const { failure } = await streamFiles([folder.path], destination);
      expect(failure).to.equal(`Cannot read ${folder.path}: it is a folder`);
    }));

  it('streamFiles() rejects when the connection is lost', () =>
    inLoop(async ({ loop }) => {
      const destination = await serve(loop, (_right, transport) => {
        transport.abort();
        return null;
      });
      const error = await rejection(streamFiles(files, { ...destination, connections: 2, http: false }));
      expect(error.message).to.equal('The connection was lost');
    }));

  it('streamFiles() rejects when nobody listens', () =>
    inLoop(async ({ loop }) => {
      const server = await loop.createServer(() => ({}), { host: '127.0.0.1', port: 0 });
      const address = server.sockets?.[0]?.getsockname() as { port: number }; // TCP
      server.close();
      const error = await rejection(
        streamFiles(files, { host: '127.0.0.1', port: address.port, connections: 1, http: false }),
      );
      expect(error).to.have.property('code', 'ECONNREFUSED');
    }));

  it('stopStreaming() lets the file in flight finish, and begins no other', () =>
    inLoop(async ({ loop }) => {
      const destination = await serve(loop, (right) => {
        stopStreaming();
        return right;
      });
      const { files: sent, failure } = await streamFiles(files, {
        ...destination,
        connections: 1,
        http: false,
      });
      expect([sent, failure]).to.deep.equal([1, null]);
    }));

  it('FileSender.send() rejects when the file ends before its size', () =>
    inLoop(async () => {
      const { FileSender } = (await cliFile(
        'file-sender',
      )) as typeof import('../../../packages/ringloop/dist/cli/file-sender.js');
      const large = files[3] ?? '';
      const connection = { begin: () => truncate(large, 10), send: () => Promise.resolve() };
      const sender = new FileSender(connection as never); // it needs no more of it
      const error = await rejection(sender.send(large));
      expect(error.message).to.equal(`Cannot read ${large}: it ended before its 3000000 bytes did`);
    }));
});
