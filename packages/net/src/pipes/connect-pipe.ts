import { inspect } from 'node:util';
import { checkCallback, typeError } from '@ringloop/core/internal';
import * as sys from '../libc/syscalls.js';
import { NET, type NetLoop } from '../loop-net.js';
import { startWith } from '../transports/start-transport.js';
import { HandlePipe } from './handle-pipe.js';
import { kindOf, type PipeEnd, PipeFile } from './pipe-file.js';
import { givenPipe, type GivenPipe, type PipeLike } from './pipe-like.js';
import type { ReadPipeProtocol, WritePipeProtocol } from './pipe-protocols.js';
import { ReadPipeTransport } from './read-pipe-transport.js';
import { WritePipeTransport } from './write-pipe-transport.js';

/** Python: loop.connect_read_pipe(). */
export async function connectReadPipe<P extends ReadPipeProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  pipe: PipeLike,
): Promise<[ReadPipeTransport, P]> {
  const file = openPipe(loop, 'connectReadPipe', protocolFactory, pipe, 'read');
  return startWith(
    loop,
    protocolFactory,
    file,
    (protocol, onStarted) => new ReadPipeTransport(loop, file, { protocol, pipe, onStarted }),
  );
}

/** Python: loop.connect_write_pipe(). */
export async function connectWritePipe<P extends WritePipeProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  pipe: PipeLike,
): Promise<[WritePipeTransport, P]> {
  const file = openPipe(loop, 'connectWritePipe', protocolFactory, pipe, 'write');
  return startWith(
    loop,
    protocolFactory,
    file,
    (protocol, onStarted) => new WritePipeTransport(loop, file, { protocol, pipe, onStarted }),
  );
}

function openPipe(
  loop: NetLoop,
  method: string,
  protocolFactory: unknown,
  pipe: PipeLike,
  direction: 'read' | 'write',
): PipeEnd {
  const net = loop[NET];
  net.checkOpen();
  checkCallback(protocolFactory, method);
  const given = givenPipe(pipe, sys.close);
  net.checkFree(given.fd);
  if (kindOf(given.fd) === 'file') throw notAPipe(direction, pipe);
  return open(net.handles, given, direction);
}

function open(
  handles: NetLoop[typeof NET]['handles'],
  given: GivenPipe,
  direction: 'read' | 'write',
): PipeEnd {
  return handles === null ? PipeFile.open(given, direction) : new HandlePipe(handles, given, direction);
}

function notAPipe(direction: 'read' | 'write', pipe: unknown): TypeError {
  const message =
    direction === 'read'
      ? 'Pipe transport is for pipes/sockets only.'
      : 'Pipe transport is only for pipes, sockets and character devices';
  return typeError(
    `${message.replace(/\.$/, '')}, got ${inspect(pipe, { depth: 0 })}`,
    'ERR_INVALID_ARG_VALUE',
  );
}
