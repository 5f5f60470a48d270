import { expect } from 'chai';
import fc from 'fast-check';
import { cliFile } from './cli-file.js';
import { splits } from './splits.js';

const { encodeHeader, RequestParser } = (await cliFile(
  'request',
)) as typeof import('../../../packages/ringloop/dist/cli/request.js');
const { ProtocolError } = (await cliFile(
  'errors',
)) as typeof import('../../../packages/ringloop/dist/cli/errors.js');

type Parser = InstanceType<typeof RequestParser>;

/** A parser, and the bodies it has found; one that has not ended is not among them. */
function collect(): { parser: Parser; lengths: number[]; bodies: Buffer[] } {
  const lengths: number[] = [];
  const bodies: Buffer[] = [];
  let chunks: Buffer[] = [];
  const parser = new RequestParser({
    begin: (length) => {
      lengths.push(length);
      chunks = [];
    },
    data: (chunk) => chunks.push(chunk),
    end: () => bodies.push(Buffer.concat(chunks)),
  });
  return { parser, lengths, bodies };
}

const encode = (bodies: readonly Buffer[]): Buffer =>
  Buffer.concat(bodies.flatMap((body) => [encodeHeader(body.length), body]));

const files = fc.array(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  { maxLength: 6 },
);
const filesAndStream = files.chain((bodies) => fc.tuple(fc.constant(bodies), splits(encode(bodies))));

describe('ringloop/cli/request', () => {
  it('RequestParser finds the same requests, however the stream is cut', () => {
    fc.assert(
      fc.property(filesAndStream, ([expected, stream]) => {
        const { parser, lengths, bodies } = collect();
        for (const piece of stream) parser.push(piece);
        expect(bodies).to.deep.equal(expected);
        expect(lengths).to.deep.equal(expected.map((body) => body.length));
        expect(parser.isMidRequest).to.equal(false);
      }),
    );
  });

  it('RequestParser knows that a stream has ended within a request', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), (cut) => {
        const { parser, bodies } = collect();
        const stream = encode([Buffer.from('abc')]);
        parser.push(stream.subarray(0, cut));
        expect(parser.isMidRequest).to.equal(true);
        expect(bodies).to.deep.equal([]);
      }),
    );
  });

  it('RequestParser reads what goes beyond a length as the next header', () => {
    const { parser, lengths } = collect();
    parser.push(encodeHeader(1));
    expect(() => parser.push(Buffer.from('one byte was announced'))).to.throw(ProtocolError);
    expect(lengths).to.deep.equal([1]);
  });

  it('RequestParser refuses a length that no file has', () => {
    const { parser, lengths } = collect();
    expect(() => parser.push(Buffer.from('GET / HTTP/1.1\r\n'))).to.throw(
      ProtocolError,
      'Cannot take a file of 5135603447292250196 bytes',
    );
    expect(lengths).to.deep.equal([]);
  });

  it('RequestParser announces the longest file there may be', () => {
    const { parser, lengths } = collect();
    parser.push(encodeHeader(2 ** 40));
    expect(lengths).to.deep.equal([2 ** 40]);
    expect(() => collect().parser.push(encodeHeader(2 ** 40 + 1))).to.throw(ProtocolError);
  });
});
