import { expect } from 'chai';
import { thrownBy } from '../../rejection.js';
import { cliFile } from './cli-file.js';

const { decodeHttpAnswer, encodeHttpAnswer } = (await cliFile(
  'http-answer',
)) as typeof import('../../../packages/ringloop/dist/cli/http-answer.js');

describe('ringloop/cli/http-answer', () => {
  const answer = { digest: Buffer.alloc(32, 7), bytes: 5, compressedBytes: 25 };

  it('decodeHttpAnswer() takes what encodeHttpAnswer() makes', () => {
    expect(decodeHttpAnswer(encodeHttpAnswer(answer))).to.deep.equal(answer);
  });

  it('decodeHttpAnswer() refuses anything else', async () => {
    const right = JSON.parse(encodeHttpAnswer(answer)) as object;
    for (const wrong of [
      '',
      'null',
      '[]',
      '{}',
      '<html>',
      ...['sha256', 'bytes', 'compressedBytes'].map((name) => JSON.stringify({ ...right, [name]: 'x' })),
    ])
      expect(await thrownBy(() => decodeHttpAnswer(wrong))).to.include({ code: 'ERR_PROTOCOL' });
  });
});
