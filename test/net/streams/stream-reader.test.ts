// Cases of CPython's test_streams.py (3.13) keep their name in a comment.
import {
  type Awaitable,
  CancelledError,
  type CoroutineGenerator,
  gather,
  sleep,
  waitFor,
} from '@ringloop/core';
import { IncompleteReadError, LimitOverrunError, SelectorEventLoop, StreamReader } from '@ringloop/net';
import { expect } from 'chai';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { rejection, thrownBy } from '../../rejection.js';

const DATA = 'line1\nline2\nline3\n';
const bytes = (text: string): Buffer => Buffer.from(text);

/** A reader that was fed with `chunks`. */
function fed(limit: number | null, ...chunks: string[]): StreamReader {
  const reader = new StreamReader({ limit });
  for (const chunk of chunks) reader.feedData(bytes(chunk));
  return reader;
}

/** What is left in the reader, which is ended by this. */
async function rest(reader: StreamReader): Promise<string> {
  if (!reader.atEof()) reader.feedEof();
  return (await reader.read()).toString();
}

const text = async (read: PromiseLike<Buffer>): Promise<string> => (await read).toString();

/** A transport that notes what a reader asks of it. */
class Pausing {
  readonly log: string[] = [];
  pauseReading(): void {
    this.log.push('pause');
  }
  resumeReading(): void {
    this.log.push('resume');
  }
}

describe('net/stream-reader', () => {
  describe('StreamReader.read()', () => {
    it('gives what is there, up to n bytes', () =>
      inLoop(async () => {
        const reader = fed(null, DATA); // test_feed_nonempty_data, test_read_zero, test_read_line_breaks
        expect(await text(reader.read(0))).to.equal('');
        expect(await text(reader.read(5))).to.equal('line1');
        expect(await text(reader.read(100))).to.equal('\nline2\nline3\n');
        reader.feedData(bytes('')); // test_feed_empty_data
        expect(inspect(reader)).to.equal('<StreamReader>');
      }));

    it('waits for the first bytes, and gives nothing at the end', () =>
      inLoop(async (loop) => {
        const reader = fed(null);
        loop.callSoon(() => reader.feedData(bytes(DATA))); // test_read
        expect(await text(reader.read(30))).to.equal(DATA);
        loop.callSoon(() => reader.feedEof()); // test_read_eof
        expect(await text(reader.read(1024))).to.equal('');
      }));

    it('without n, gives all until the end', () =>
      inLoop(async (loop) => {
        const reader = fed(2, 'chunk0\n'); // test_read_until_eof
        loop.callSoon(() => {
          reader.feedData(bytes('chunk1\n'));
          reader.feedData(bytes('chunk2'));
          reader.feedEof();
        });
        expect(await text(reader.read(-1))).to.equal('chunk0\nchunk1\nchunk2');
        expect(await text(reader.read())).to.equal('');
      }));

    it('is not limited', () =>
      inLoop(async () => {
        expect(await text(fed(3, 'chunk').read(5))).to.equal('chunk'); // test_read_limit
        expect(await text(fed(3, 'chunk').readexactly(5))).to.equal('chunk'); // test_readexactly_limit
      }));

    it('goes on waiting when another task has taken what it was woken for', () =>
      inLoop(async (loop) => {
        const reader = fed(null);
        const waiting = loop.createTask(() => reader.read(10));
        await iterations(loop, 2);
        reader.feedData(bytes('first'));
        expect(await text(reader.read(10))).to.equal('first');
        await iterations(loop, 2);
        reader.feedData(bytes('second'));
        expect(await text(waiting)).to.equal('second');
      }));

    it('refuses what is no integer', () =>
      inLoop(async () => {
        expect(await rejection(fed(null).read(1.5))).to.include({ code: 'ERR_OUT_OF_RANGE' });
        expect(await rejection(fed(null).read('1' as unknown as number))).to.include({
          code: 'ERR_INVALID_ARG_TYPE',
        });
        expect(await rejection(fed(null).readexactly(0.5))).to.include({ code: 'ERR_OUT_OF_RANGE' });
      }));
  });

  describe('StreamReader.readline()', () => {
    it('joins a line of several chunks', () =>
      inLoop(async (loop) => {
        const reader = fed(null, 'chunk1 '); // test_readline
        loop.callSoon(() => {
          for (const chunk of ['chunk2 ', 'chunk3 ', '\n chunk4']) reader.feedData(bytes(chunk));
        });
        expect(await text(reader.readline())).to.equal('chunk1 chunk2 chunk3 \n');
        expect(await rest(reader)).to.equal(' chunk4');
      }));

    it('gives what is left at the end', () =>
      inLoop(async () => {
        const reader = fed(null, 'some data'); // test_readline_eof, test_readline_empty_eof
        reader.feedEof();
        expect([await text(reader.readline()), await text(reader.readline())]).to.deep.equal([
          'some data',
          '',
        ]);
      }));

    it('may be mixed with read()', () =>
      inLoop(async () => {
        const reader = fed(null, DATA.slice(0, 6), DATA.slice(6)); // test_readline_nolimit_nowait, test_readline_read_byte_count
        expect(await text(reader.readline())).to.equal('line1\n');
        expect(await text(reader.read(7))).to.equal('line2\nl');
        expect(await rest(reader)).to.equal('ine3\n');
      }));

    it('drops a line that is too long if its end is there, otherwise everything', () =>
      inLoop(async (loop) => {
        const cases: [limit: number, chunks: string[], left: string][] = [
          [3, ['li', 'ne1\nline2\n'], 'line2\n'], // test_readline_limit_with_existing_data
          [3, ['li', 'ne1', 'li'], ''],
          [7, ['chunk1', 'chunk2', 'chunk3\n'], ''], // test_readline_limit
          [7, ['chunk1', 'chunk2\n', 'chunk3\n'], 'chunk3\n'],
          [7, ['12345678\n'], ''],
          [7, ['12345678'], ''],
        ];
        for (const late of [false, true]) {
          for (const [limit, chunks, left] of cases) {
            const reader = fed(limit, ...(late ? [] : chunks));
            const line = reader.readline();
            if (late) for (const chunk of chunks) reader.feedData(bytes(chunk));
            const error = await rejection(line);
            expect(error).to.be.instanceOf(RangeError).and.include({ code: 'ERR_LINE_TOO_LONG' });
            expect(error.cause).to.be.instanceOf(LimitOverrunError).and.include({ message: error.message });
            expect(await rest(reader)).to.equal(left);
          }
        }
        expect(await text(fed(7, '1234567\n').readline())).to.equal('1234567\n'); // the limit is strict
        await iterations(loop, 1);
      }));
  });

  describe('StreamReader.readuntil()', () => {
    it('finds a separator across chunks', () =>
      inLoop(async () => {
        // test_readuntil_multi_chunks, test_readuntil_multi_chunks_1, test_readuntil_bytearray
        for (const [chunks, found, left] of [
          [['lineAAA'], 'lineAAA', ''],
          [['lineAAAxxx'], 'lineAAA', 'xxx'],
          [['QWEaa', 'XYaa', 'a'], 'QWEaaXYaaa', ''],
          [['QWEaa', 'XYa', 'aa'], 'QWEaaXYaaa', ''],
          [['XXX', 'a', 'a', 'a'], 'XXXaaa', ''],
        ] as const) {
          const reader = fed(null, ...chunks);
          const separator = new Uint8Array(bytes(found.slice(-3)));
          expect(await text(reader.readuntil(separator))).to.equal(found);
          expect(await rest(reader)).to.equal(left);
        }
      }));

    it('takes the separator that ends first', () =>
      inLoop(async (loop) => {
        const reader = fed(null, 'line 1\nline 2\rABCDEFG'); // test_readuntil_multi_separator
        const line = (): Promise<string> => text(reader.readuntil([bytes('\r'), bytes('\n')]));
        expect([await line(), await line()]).to.deep.equal(['line 1\n', 'line 2\r']);
        expect(await text(reader.readuntil([bytes('DEF'), bytes('BCDE')]))).to.equal('ABCDE');

        const late = fed(null, 'data'); // test_readuntil_multi_separator_negative_offset
        const task = loop.createTask(() => late.readuntil([bytes('A'), bytes('long sep')]));
        loop.callSoon(() => late.feedData(bytes('Z')));
        loop.callSoon(() => late.feedData(bytes('Aaaa')));
        expect(await text(task)).to.equal('dataZA');
        expect(await rest(late)).to.equal('aaa');
      }));

    it('rejects at the end with what is left', () =>
      inLoop(async () => {
        const reader = fed(null, 'some dataAA'); // test_readuntil_eof
        reader.feedEof();
        const error = await rejection(reader.readuntil(bytes('AAA')));
        expect(error).to.be.instanceOf(IncompleteReadError);
        expect(error).to.deep.include({
          message: '11 bytes read on a total of undefined expected bytes',
          code: 'ERR_INCOMPLETE_READ',
          partial: bytes('some dataAA'),
          expected: null,
        });
        expect(reader.atEof()).to.equal(true);
      }));

    it('rejects above the limit, and leaves the bytes there', () =>
      inLoop(async () => {
        const reader = fed(3, 'some dataAA'); // test_readuntil_limit_found_sep
        const refusal = (): Promise<unknown> => rejection(reader.readuntil(bytes('AAA')));
        expect(await refusal())
          .to.be.instanceOf(LimitOverrunError)
          .and.include({
            message: 'Separator is not found, and chunk exceed the limit',
            code: 'ERR_LIMIT_OVERRUN',
            consumed: 9,
          });
        reader.feedData(bytes('A'));
        expect(await refusal()).to.include({
          message: 'Separator is found, but chunk is longer than limit',
          consumed: 9,
        });
        expect(await rest(reader)).to.equal('some dataAAA');

        const many = fed(3, 'some dataA'); // test_readuntil_multi_separator_limit
        const error = await rejection(many.readuntil([bytes('A'), bytes('ome dataA')]));
        expect(error.message).to.contain('is found');
      }));

    it('refuses no separator and an empty one', () =>
      inLoop(async () => {
        for (const separator of [bytes(''), [bytes('')], []]) {
          // test_readuntil_separator
          expect(await rejection(fed(null).readuntil(separator))).to.be.instanceOf(RangeError);
        }
      }));

    it('looks at all bytes again when another task has taken some meanwhile', () =>
      inLoop(async (loop) => {
        const reader = fed(null, 'abcdef');
        const line = loop.createTask(() => reader.readuntil(bytes('|')));
        await iterations(loop, 2);
        expect(await text(reader.read(6))).to.equal('abcdef');
        reader.feedData(bytes('gh|'));
        expect(await text(line)).to.equal('gh|');
      }));
  });

  describe('StreamReader.readexactly()', () => {
    it('waits for n bytes', () =>
      inLoop(async (loop) => {
        const reader = fed(null, 'li'); // test_readexactly
        loop.callSoon(() => {
          for (let i = 0; i < 3; i++) reader.feedData(bytes(DATA));
        });
        expect(await text(reader.readexactly(20))).to.equal(`li${DATA}`);
        expect(await text(reader.readexactly(0))).to.equal(''); // test_readexactly_zero_or_less
        expect(await rejection(reader.readexactly(-1))).to.include({
          message: 'readexactly size can not be less than zero',
          code: 'ERR_OUT_OF_RANGE',
        });
        expect(await rest(reader)).to.equal(DATA + DATA);
      }));

    it('rejects at the end with what is left', () =>
      inLoop(async (loop) => {
        const reader = fed(null); // test_readexactly_eof
        loop.callSoon(() => {
          reader.feedData(bytes(DATA));
          reader.feedEof();
        });
        const error = await rejection(reader.readexactly(36));
        expect(error).to.deep.include({
          message: '18 bytes read on a total of 36 expected bytes',
          partial: bytes(DATA),
          expected: 36,
        });
        expect(await rest(reader)).to.equal('');
      }));
  });

  describe('StreamReader.setException()', () => {
    it('fails all reads, but not before what was read', () =>
      inLoop(async () => {
        const reader = fed(null, 'line\n'); // test_read_exception, test_readline_exception, test_readexactly_exception, test_exception
        expect(reader.exception()).to.equal(null);
        expect(await text(reader.read(2))).to.equal('li');
        const error = new Error('lost');
        reader.setException(error);
        expect(reader.exception()).to.equal(error);
        const reads = [
          () => reader.read(2),
          () => reader.read(0),
          () => reader.read(),
          () => reader.readline(),
          () => reader.readuntil(),
          () => reader.readexactly(1),
          () => reader[Symbol.asyncIterator]().next(),
        ];
        for (const read of reads) expect(await rejection(read())).to.equal(error);
      }));

    it('fails the read that waits, and not one that was cancelled', () =>
      inLoop(async (loop) => {
        for (const cancels of [false, true]) {
          const reader = fed(null); // test_exception_waiter, test_exception_cancel
          const task = loop.createTask(() => reader.readline());
          await iterations(loop, 2);
          if (cancels) task.cancel();
          const error = new Error('message');
          reader.setException(error);
          const thrown = await rejection(task);
          if (cancels) expect(thrown).to.be.instanceOf(CancelledError);
          else expect(thrown).to.equal(error);
        }
      }));
  });

  it('StreamReader fails a read whose connection is lost after it was woken and before it goes on', () =>
    inLoop(async (loop) => {
      const reads: ((reader: StreamReader) => Awaitable<Buffer>)[] = [
        (reader) => reader.read(),
        (reader) => reader.readline(),
        (reader) => reader.readuntil(),
        (reader) => reader.readexactly(5),
      ];
      for (const read of reads) {
        const reader = fed(null);
        const asyncTask = loop.createTask(async () => await read(reader));
        await iterations(loop, 2);
        const error = new Error('lost');
        reader.feedData(bytes('ab'));
        reader.setException(error);
        expect(await rejection(asyncTask)).to.equal(error);

        const other = fed(null);
        const generatorTask = loop.createTask(function* (): CoroutineGenerator<Buffer> {
          return yield* read(other);
        });
        await iterations(loop, 2);
        other.feedData(bytes('ab'));
        other.setException(error);
        expect(await rejection(generatorTask)).to.equal(error);
      }
    }));

  it('StreamReader iterates over lines', () =>
    inLoop(async (loop) => {
      const reader = fed(null, 'a\nb\n\n');
      loop.callSoon(() => {
        reader.feedData(bytes('c'));
        reader.feedEof();
      });
      const lines: string[] = [];
      for await (const line of reader) lines.push(line.toString());
      expect(lines).to.deep.equal(['a\n', 'b\n', '\n', 'c']);
    }));

  it('StreamReader iterates on after a loop that was left', () =>
    inLoop(async () => {
      const reader = fed(null, 'a\nb\n');
      for await (const line of reader) {
        expect(line.toString()).to.equal('a\n');
        break;
      }
      expect(await rest(reader)).to.equal('b\n');
    }));

  it('StreamReader.atEof() is true when the stream has ended and is read', () =>
    inLoop(async () => {
      const reader = fed(null, 'some data\n'); // test_at_eof
      expect(reader.atEof()).to.equal(false);
      await reader.readline();
      expect(reader.atEof()).to.equal(false);
      reader.feedData(bytes('some data\n'));
      reader.feedEof();
      expect(reader.atEof()).to.equal(false);
      await reader.readline();
      expect(reader.atEof()).to.equal(true);
    }));

  it('StreamReader refuses a second read that would wait', () =>
    inLoop(async (loop) => {
      const reader = fed(null);
      const first = loop.createTask(() => reader.readexactly(5));
      await iterations(loop, 2);
      for (const [name, read] of [
        ['read', () => reader.read(1)],
        ['readuntil', () => reader.readline()],
        ['readexactly', () => reader.readexactly(1)],
      ] as const) {
        expect(await rejection(read())).to.include({
          message: `${name}() called while another coroutine is already waiting for incoming data`,
          code: 'ERR_INVALID_STATE',
        });
      }
      reader.feedData(bytes('12345'));
      expect(await text(first)).to.equal('12345');
    }));

  it('StreamReader pauses its transport above twice the limit, and resumes it at the limit', () =>
    inLoop(async () => {
      const reader = new StreamReader({ limit: 10 });
      const transport = new Pausing();
      reader.setTransport(transport);
      reader.feedData(Buffer.alloc(20));
      expect(transport.log).to.deep.equal([]);
      reader.feedData(Buffer.alloc(1));
      await reader.read(10);
      expect(transport.log).to.deep.equal(['pause']);
      await reader.read(1);
      expect(transport.log).to.deep.equal(['pause', 'resume']);
      expect((await thrownBy(() => reader.setTransport(transport))).message).to.equal(
        'Transport already set',
      );
    }));

  it('StreamReader resumes its transport to wait for more than it was paused for', () =>
    inLoop(async () => {
      const reader = new StreamReader({ limit: 10 });
      const transport = new Pausing();
      reader.setTransport(transport);
      reader.feedData(Buffer.alloc(21));
      const read = reader.readexactly(50);
      expect(transport.log).to.deep.equal(['pause', 'resume']);
      reader.feedData(Buffer.alloc(29));
      expect(await read).to.have.length(50);
      expect(transport.log).to.deep.equal(['pause', 'resume', 'pause', 'resume']);
    }));

  it('StreamReader loses nothing to a read that is cancelled, in whichever iteration', () =>
    inLoop(async (loop) => {
      for (let after = 0; after < 6; after++) {
        const reader = fed(null, 'be');
        const task = loop.createTask(() => reader.readline());
        const cancelIn = (left: number): void => {
          if (left === 0) task.cancel();
          else loop.callSoon(cancelIn, left - 1);
        };
        cancelIn(after);
        loop.callSoon(() => loop.callSoon(() => reader.feedData(bytes('gin\n'))));
        const got = await task.then(String, () => '');
        await iterations(loop, 3); // until it is fed
        expect(got + (await rest(reader))).to.equal('begin\n');
      }
    }));

  it('StreamReader.readline() can be waited for with a time limit, in gather() and with yield*', () =>
    inLoop(async (loop) => {
      const reader = fed(null);
      expect(await rejection(waitFor(reader.readline(), 0.001))).to.have.property('code', 'ERR_TIMEOUT');
      reader.feedData(bytes('a\nb\n'));
      const [first, second] = await gather([reader.readline(), reader.readline()]);
      expect([String(first), String(second)]).to.deep.equal(['a\n', 'b\n']);
      function* coroutine(): CoroutineGenerator<string> {
        const line = yield* reader.readline();
        return line.toString();
      }
      const task = loop.createTask(coroutine);
      await sleep(0);
      reader.feedData(bytes('c\n'));
      expect(await task).to.equal('c\n');
    }));

  it('StreamReader wakes a generator in the iteration in which asyncio would', () =>
    inLoop(async (loop) => {
      const reader = fed(null);
      const log: string[] = [];
      function* coroutine(): CoroutineGenerator<void> {
        yield* reader.readexactly(1);
        log.push('read');
        yield* reader.readexactly(1); // it is there: no iteration more
        log.push('read');
      }
      const task = loop.createTask(coroutine);
      loop.callSoon(() => {
        reader.feedData(bytes('ab'));
        loop.callSoon(() => log.push('next iteration'));
      });
      await task;
      expect(log).to.deep.equal(['read', 'read', 'next iteration']);
    }));

  it('StreamReader.feedData() refuses data after the end, and what is no bytes', () =>
    inLoop(async () => {
      const reader = fed(null);
      expect(await thrownBy(() => reader.feedData('a' as unknown as Buffer))).to.be.instanceOf(TypeError);
      reader.feedEof();
      expect(await thrownBy(() => reader.feedData(bytes('a')))).to.include({
        message: 'feed_data after feed_eof',
        code: 'ERR_INVALID_STATE',
      });
    }));

  it('StreamReader refuses a limit that is not above 0', async () => {
    const loop = new SelectorEventLoop();
    for (const limit of [0, -1, NaN]) {
      // test_invalid_limit
      const error = await thrownBy(() => new StreamReader({ limit, loop }));
      expect(error).to.be.instanceOf(RangeError);
      expect(error.message).to.match(/^Limit cannot be <= 0/);
    }
    expect(
      await thrownBy(() => new StreamReader({ limit: '1' as unknown as number, loop })),
    ).to.be.instanceOf(TypeError);
    loop.close();
  });

  it('StreamReader belongs to the current loop, or to the one it is given', async () => {
    // test_streamreader_constructor_without_loop, test_streamreader_constructor_use_running_loop
    expect(await thrownBy(() => new StreamReader())).to.have.property('code', 'ERR_NO_CURRENT_LOOP');
    const loop = new SelectorEventLoop();
    const reader = new StreamReader({ loop });
    reader.feedData(bytes('a\nb'));
    expect(String(await loop.runUntilComplete(reader.readline()))).to.equal('a\n');
    const rest = reader.read();
    reader.feedEof();
    expect(String(await loop.runUntilComplete(rest))).to.equal('b');
    loop.close();
  });

  it('StreamReader shows its state', () =>
    inLoop(async (loop) => {
      // test___repr__ and its kin
      expect(inspect(fed(123))).to.equal('<StreamReader limit=123>');
      const reader = fed(null, 'data');
      const waiting = reader.readexactly(5);
      expect(inspect(reader)).to.equal('<StreamReader 4 bytes waiter=<Future pending>>');
      reader.feedData(bytes('5'));
      await waiting;
      reader.setTransport(Object.assign(new Pausing(), { [inspect.custom]: () => '<Transport>' }));
      reader.feedEof();
      reader.setException(new Error('no'));
      expect(inspect(reader)).to.equal('<StreamReader eof exception=Error: no transport=<Transport>>');
      await iterations(loop, 1);
    }));

  it('StreamReader limits readuntil() and readline() as a search of all bytes does, however they are cut', () => {
    const text = (min: number, max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('a', 'b', '\n'), minLength: min, maxLength: max, size: 'max' });
    const separators = fc.array(text(1, 3), { minLength: 1, maxLength: 3 });
    const calls = fc.array(fc.oneof(separators, fc.constant('line' as const)), {
      minLength: 1,
      maxLength: 6,
    });

    /** What readuntil() of a stream that has ended does with `left`: how many bytes it takes, and how it ends. */
    const model = (left: string, wanted: string[], limit: number): { take: number; outcome: string } => {
      const ends = wanted
        .map((each) => ({ start: left.indexOf(each), end: left.indexOf(each) + each.length }))
        .filter(({ start }) => start !== -1)
        .sort((a, b) => a.end - b.end || b.start - a.start);
      const [found] = ends;
      const lengths = wanted.map((each) => each.length);
      const safe = Math.max(0, left.length + 1 - Math.max(...lengths));
      if (found === undefined) {
        const isOver = left.length >= Math.min(...lengths) && safe > limit;
        return isOver ? { take: 0, outcome: `over ${safe}` } : { take: left.length, outcome: 'ended' };
      }
      return found.start > limit
        ? { take: 0, outcome: `over ${found.start}` }
        : { take: found.end, outcome: 'found' };
    };

    return inLoop(() =>
      fc.assert(
        fc.asyncProperty(
          fc.array(text(0, 12), { maxLength: 6 }),
          calls,
          fc.integer({ min: 1, max: 20 }),
          async (chunks, reads, limit) => {
            const reader = fed(limit, ...chunks);
            reader.feedEof();
            let left = chunks.join('');
            for (const now of reads) {
              const wanted = now === 'line' ? ['\n'] : now;
              const { take, outcome } = model(left, wanted, limit);
              const read = now === 'line' ? reader.readline() : reader.readuntil(now.map(bytes));
              let got = '';
              const how = await read.then(
                (data) => {
                  got = data.toString();
                  return now === 'line' && !got.endsWith('\n') ? 'ended' : 'found';
                },
                (thrown: unknown) => {
                  const reason = now === 'line' && thrown instanceof RangeError ? thrown.cause : thrown;
                  if (reason instanceof LimitOverrunError) return `over ${reason.consumed}`;
                  if (!(thrown instanceof IncompleteReadError)) throw thrown;
                  got = thrown.partial.toString();
                  return 'ended';
                },
              );
              expect([how, got]).to.deep.equal([outcome, left.slice(0, take)]);
              left = left.slice(take);
              if (now !== 'line' || !how.startsWith('over')) continue;
              const end = left.indexOf('\n'); // readline() drops a line that is too long
              left = end === -1 ? '' : left.slice(end + 1);
            }
            expect(await rest(reader)).to.equal(left);
          },
        ),
        { numRuns: 300 },
      ),
    );
  });

  it('StreamReader gives the same bytes, however they are cut and read', () => {
    const chunk = fc
      .array(fc.constantFrom(97, 98, 10), { maxLength: 30, size: 'max' })
      .map((values) => Buffer.from(values));
    const read = fc.oneof(
      fc.record({ read: fc.integer({ min: 0, max: 20 }) }),
      fc.record({ exactly: fc.integer({ min: 0, max: 20 }) }),
      fc.record({
        until: fc.constantFrom(['\n'], ['ab'], ['aa', '\n'], ['bab', 'b\n']),
      }),
      fc.constant('line' as const),
    );
    return inLoop(async (loop) => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(chunk, { maxLength: 20, size: 'max' }),
          fc.array(read, { maxLength: 30, size: 'max' }),
          async (chunks, reads) => {
            const reader = new StreamReader({ limit: 1000 });
            const all = Buffer.concat(chunks);
            const feed = (left: readonly Buffer[]): void => {
              const [next, ...others] = left;
              if (next === undefined) reader.feedEof();
              else {
                reader.feedData(next);
                loop.callSoon(feed, others);
              }
            };
            loop.callSoon(feed, chunks);
            let at = 0;
            for (const now of reads) {
              const left = all.subarray(at);
              const partial = (thrown: unknown): Buffer => (thrown as IncompleteReadError).partial;
              let got: Buffer;
              let expected: Buffer;
              if (now === 'line') {
                got = await reader.readline();
                expected = left.subarray(0, left.indexOf(10) === -1 ? left.length : left.indexOf(10) + 1);
              } else if ('read' in now) {
                got = await reader.read(now.read);
                expect(got.length).to.be.at.most(now.read);
                expect(got.length > 0 || now.read === 0 || left.length === 0).to.equal(true);
                expected = left.subarray(0, got.length);
              } else if ('exactly' in now) {
                got = await reader.readexactly(now.exactly).catch(partial);
                expected = left.subarray(0, now.exactly);
              } else {
                got = await reader.readuntil(now.until.map((each) => bytes(each))).catch(partial);
                const ends = now.until
                  .filter((each) => left.includes(each))
                  .map((each) => left.indexOf(each) + each.length);
                expected = left.subarray(0, ends.length === 0 ? left.length : Math.min(...ends));
              }
              expect(got.toString()).to.equal(expected.toString());
              at += got.length;
            }
            expect((await reader.read()).toString()).to.equal(all.subarray(at).toString());
          },
        ),
        { numRuns: 100 },
      );
    });
  });
});
