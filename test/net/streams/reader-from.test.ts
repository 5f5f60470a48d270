import { PassThrough, Readable } from 'node:stream';
import { readerFrom } from '@ringloop/net';
import { expect } from 'chai';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { rejection, thrownBy } from '../../rejection.js';

describe('net/reader-from', () => {
  it('readerFrom() reads lines of a stream of Node', () =>
    inLoop(async () => {
      const reader = readerFrom(
        Readable.from([Buffer.from('a\nb'), Buffer.from('c\nd')], { objectMode: false }),
      );
      const lines: string[] = [];
      for await (const line of reader) lines.push(line.toString());
      expect(lines).to.deep.equal(['a\n', 'bc\n', 'd']);
    }));

  it('readerFrom() reads text as UTF-8', () =>
    inLoop(async () => {
      const stream = new PassThrough({ encoding: 'utf8' });
      const reader = readerFrom(stream);
      stream.end('grüß dich');
      expect(String(await reader.read())).to.equal('grüß dich');
    }));

  it('readerFrom() pauses the stream while too much waits', () =>
    inLoop(async (loop) => {
      const stream = new PassThrough();
      const reader = readerFrom(stream, { limit: 10 });
      stream.write(Buffer.alloc(30));
      await iterations(loop, 3);
      expect(stream.isPaused()).to.equal(true);
      await reader.read(25);
      expect(stream.isPaused()).to.equal(false);
      stream.end();
      expect(await reader.read()).to.have.length(5);
    }));

  it('readerFrom() fails with the error of the stream, and when that is destroyed', () =>
    inLoop(async () => {
      const error = new Error('broken');
      for (const reason of [error, undefined]) {
        const stream = new PassThrough();
        const reader = readerFrom(stream);
        stream.destroy(reason);
        const thrown = await rejection(reader.read());
        if (reason === undefined) expect(thrown).to.have.property('code', 'ERR_STREAM_PREMATURE_CLOSE');
        else expect(thrown).to.equal(error);
      }
    }));

  it('readerFrom() refuses what is no stream of bytes', () =>
    inLoop(async () => {
      for (const wrong of [null, {}, Readable.from([1, 2])]) {
        expect(await thrownBy(() => readerFrom(wrong as Readable))).to.have.property(
          'code',
          'ERR_INVALID_ARG_TYPE',
        );
      }
    }));
});
