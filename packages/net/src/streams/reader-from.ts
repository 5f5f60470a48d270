import { finished, type Readable } from 'node:stream';
import { inspect } from 'node:util';
import { toError, typeError } from '@ringloop/core/internal';
import { StreamReader, type StreamReaderOptions } from './stream-reader.js';

/**
 * Makes a StreamReader that reads from a stream of Node: a file, the output of a process, `process.stdin`. The stream is paused while
 * twice the limit waits to be read. Text, which a stream with an encoding gives, is read as UTF-8. The reader fails with the error of the
 * stream, and with Node's ERR_STREAM_PREMATURE_CLOSE when that is destroyed before its end.
 * @throws {TypeError} when `readable` is no readable stream, or gives objects
 * @throws as the constructor of StreamReader
 */
export function readerFrom(readable: Readable, options: StreamReaderOptions = {}): StreamReader {
  if (!isByteStream(readable)) {
    throw typeError(`A readable stream of bytes is required, got ${inspect(readable, { depth: 0 })}`);
  }
  const reader = new StreamReader(options);
  reader.setTransport({
    pauseReading: () => void readable.pause(),
    resumeReading: () => void readable.resume(),
  });
  finished(readable, { writable: false }, (error) => {
    if (error == null) reader.feedEof();
    else reader.setException(toError(error));
  });
  readable.on('data', (chunk: Buffer | string) => {
    reader.feedData(typeof chunk === 'string' ? Buffer.from(chunk) : chunk);
  });
  return reader;
}

function isByteStream(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { on, pause, resume, readableObjectMode } = value as Partial<Readable>;
  const isReadable = [on, pause, resume].every((method) => typeof method === 'function');
  return isReadable && readableObjectMode !== true;
}
