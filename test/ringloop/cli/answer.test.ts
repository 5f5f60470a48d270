import { expect } from 'chai';
import fc from 'fast-check';
import { cliFile } from './cli-file.js';
import { splits } from './splits.js';

const { ANSWER_BYTES, AnswerParser, encodeAnswer } = (await cliFile(
  'answer',
)) as typeof import('../../../packages/ringloop/dist/cli/answer.js');
const { ProtocolError } = (await cliFile(
  'errors',
)) as typeof import('../../../packages/ringloop/dist/cli/errors.js');

const length = fc.nat({ max: 2 ** 40 });
const answers = fc.record({
  digest: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
  bytes: length,
  compressedBytes: length,
});
const answerAndStream = answers.chain((answer) =>
  fc.tuple(fc.constant(answer), splits(encodeAnswer(answer))),
);

describe('ringloop/cli/answer', () => {
  it('AnswerParser puts answers together, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(answerAndStream, { minLength: 1, maxLength: 3 }), (list) => {
        const parser = new AnswerParser();
        for (const [expected, stream] of list) {
          const found = stream.map((piece) => parser.push(piece)).filter((answer) => answer !== null);
          expect(found).to.deep.equal([expected]);
        }
      }),
    );
  });

  it('AnswerParser leaves an answer alone when the next one comes', () => {
    const parser = new AnswerParser();
    const first = parser.push(encodeAnswer({ digest: Buffer.alloc(32, 1), bytes: 1, compressedBytes: 1 }));
    parser.push(encodeAnswer({ digest: Buffer.alloc(32, 2), bytes: 2, compressedBytes: 2 }));
    expect(first?.digest).to.deep.equal(Buffer.alloc(32, 1));
  });

  it('AnswerParser refuses what nobody asked for', () => {
    const parser = new AnswerParser();
    expect(() => parser.push(Buffer.alloc(ANSWER_BYTES + 1))).to.throw(ProtocolError);
  });
});
