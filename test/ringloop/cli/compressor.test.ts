import { gunzipSync, gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { sleep } from 'ringloop';
import { cliFile } from './cli-file.js';
import { inLoop } from './in-loop.js';
import { rejection } from '../../rejection.js';

const { Compressor } = (await cliFile(
  'compressor',
)) as typeof import('../../../packages/ringloop/dist/cli/compressor.js');

const MEBIBYTE = Buffer.alloc(1024 * 1024);

describe('ringloop/cli/compressor', () => {
  it('Compressor.compress() gives the size that zlib makes of a block', () =>
    inLoop(async ({ loop }) => {
      const compressor = new Compressor(loop);
      const block = Buffer.from('once upon a time '.repeat(100));
      expect(await compressor.compress(block)).to.equal(gzipSync(block).byteLength);
      expect(compressor.tasks).to.equal(1);
    }));

  it('Compressor counts sizes of gzip members that together are a gzip file', () => {
    const members = Buffer.concat([gzipSync('once upon '), gzipSync('a time')]);
    expect(gunzipSync(members).toString()).to.equal('once upon a time');
  });

  it('Compressor.whenRoom() waits until the executor has less to do, and calls once', () =>
    inLoop(async ({ loop, executor }) => {
      const compressor = new Compressor(loop);
      const calls: string[] = [];
      const note = (): void => void calls.push('room');
      executor.close();
      const sizes = Array.from({ length: 8 }, () => compressor.compress(MEBIBYTE));
      expect(compressor.isFull).to.equal(true);
      compressor.whenRoom(note);
      compressor.whenRoom(note);
      await sleep(0);
      expect(calls).to.deep.equal([]);
      executor.open();
      await Promise.all(sizes);
      expect(calls).to.deep.equal(['room']);
      expect(compressor.isFull).to.equal(false);
    }));

  it('Compressor makes room after a failure, too', () =>
    inLoop(async ({ loop, executor }) => {
      const compressor = new Compressor(loop);
      executor.failure = new Error('no memory');
      const sizes = Array.from({ length: 8 }, () => compressor.compress(MEBIBYTE));
      for (const size of sizes) expect((await rejection(size)).message).to.equal('no memory');
      expect(compressor.isFull).to.equal(false);
    }));
});
