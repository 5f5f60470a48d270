import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { cliFile } from './cli-file.js';
import { splits } from './splits.js';

const { BLOCK_BYTES, Digestion } = (await cliFile(
  'digestion',
)) as typeof import('../../../packages/ringloop/dist/cli/digestion.js');

const sha256 = (data: Buffer): Buffer => createHash('sha256').update(data).digest();

/** Digests `pieces`, and gives the blocks that were made of them. */
function digest(pieces: readonly Buffer[]): { digestion: InstanceType<typeof Digestion>; blocks: Buffer[] } {
  const blocks: Buffer[] = [];
  const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const digestion = new Digestion(bytes, (block) => blocks.push(block));
  for (const piece of pieces) digestion.data(piece);
  digestion.end();
  return { digestion, blocks };
}

const file = Buffer.from(Array.from({ length: 2 * BLOCK_BYTES + 1000 }, (_, i) => (i * 31) % 251));

describe('ringloop/cli/digestion', () => {
  it('Digestion hashes a file and cuts it into blocks, however its bytes arrive', () => {
    fc.assert(
      fc.property(splits(file), (pieces) => {
        const { digestion, blocks } = digest(pieces);
        for (const block of blocks) digestion.blockCompressed(block.length);
        expect(digestion.answer).to.deep.equal({
          digest: sha256(file),
          bytes: file.length,
          compressedBytes: file.length,
        });
        expect(blocks.map((block) => block.length)).to.deep.equal([BLOCK_BYTES, BLOCK_BYTES, 1000]);
        expect(Buffer.concat(blocks).equals(file)).to.equal(true);
      }),
      { numRuns: 20 },
    );
  });

  it('Digestion has no answer before its last block is compressed', () => {
    const { digestion } = digest([file]);
    digestion.blockCompressed(1);
    digestion.blockCompressed(2);
    expect(digestion.answer).to.equal(null);
    digestion.blockCompressed(3);
    expect(digestion.answer?.compressedBytes).to.equal(6);
  });

  it('Digestion has no answer before the file has ended', () => {
    const digestion = new Digestion(3, () => undefined);
    digestion.data(Buffer.from('ab'));
    expect(digestion.answer).to.equal(null);
  });

  it('Digestion compresses an empty file, too', () => {
    const { digestion, blocks } = digest([]);
    expect(blocks).to.deep.equal([Buffer.alloc(0)]);
    digestion.blockCompressed(20);
    expect(digestion.answer).to.deep.equal({
      digest: sha256(Buffer.alloc(0)),
      bytes: 0,
      compressedBytes: 20,
    });
  });

  it('Digestion gives every block memory of its own', () => {
    const { blocks } = digest([Buffer.from('small')]);
    expect(blocks[0]?.buffer.byteLength).to.equal(5);
  });
});
