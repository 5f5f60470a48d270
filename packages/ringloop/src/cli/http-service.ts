import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Future } from '@ringloop/core';
import { remote } from '@ringloop/threadsafe';
import { getRunningLoop } from '../event-loop.js';
import { serviceOf } from './digest-service.js';
import { Digestion } from './digestion.js';
import { encodeHttpAnswer } from './http-answer.js';
import { LONGEST_FILE_BYTES } from './request.js';
import type { ServiceParts } from './service-parts.js';

/** The digest service of the called loop as an HTTP application: `PUT /digest` with a file, which is answered in JSON. */
export const digestApplication = remote(import.meta.url, function digestApplication(): HttpServer {
  const service = serviceOf(getRunningLoop());
  // Large files take long: only headers have a time limit.
  return createServer({ requestTimeout: 0 }, (request, response) => {
    const refusal = refusalOf(request);
    if (refusal === null) digest(request, response, service);
    else refuse(response, refusal);
  });
});

interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function refusalOf({ url, method, headers }: IncomingMessage): Refusal | null {
  if (url !== '/digest') return { status: 404, message: 'There is only /digest' };
  if (method !== 'PUT') return { status: 405, message: 'PUT a file', headers: { allow: 'PUT' } };
  const length = headers['content-length']; // Node has refused what is no number
  if (length === undefined) return { status: 411, message: 'Content-Length is required' };
  if (Number(length) > LONGEST_FILE_BYTES) return { status: 413, message: 'The file is too long' };
  return null;
}

/** Closes the connection as well: nobody reads the rest of the request. */
function refuse(response: ServerResponse, { status, message, headers }: Refusal): void {
  response.writeHead(status, { ...headers, connection: 'close', 'content-type': 'text/plain' });
  response.end(`${message}\n`);
}

/** A request whose peer disappears is never complete, and so gets no answer. */
function digest(
  request: IncomingMessage,
  response: ServerResponse,
  { compressor, onFile }: ServiceParts,
): void {
  const digestion = new Digestion(Number(request.headers['content-length']), (block) => {
    compressor.compress(block).addDoneCallback(compressed);
  });
  const answer = (): void => {
    const done = digestion.answer;
    if (done === null || response.destroyed) return;
    onFile(done);
    response.writeHead(200, { 'content-type': 'application/json' }).end(encodeHttpAnswer(done));
  };
  const compressed = (size: Future<number>): void => {
    try {
      digestion.blockCompressed(size.result());
    } catch (thrown) {
      response.destroy();
      throw thrown; // the executor failed: the loop's exception handler reports it
    }
    answer();
  };
  const resume = (): void => void request.resume();
  request.on('data', (chunk: Buffer) => {
    digestion.data(chunk);
    if (!compressor.isFull) return;
    request.pause();
    compressor.whenRoom(resume);
  });
  request.on('end', () => {
    digestion.end();
    answer();
  });
  request.on('error', () => undefined); // the peer is gone
}
