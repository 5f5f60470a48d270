import { inspect } from 'node:util';
import { checkCallback, toError, typeError, watchResult } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import { startWith } from '../transports/start-transport.js';
import { prepareHandle } from './handle-pipe.js';
import { kindOf, type PipeEnd } from './pipe-file.js';
import { checkIdle, givenPipe, type GivenPipe, type PipeDirection, type PipeLike } from './pipe-like.js';
import type { ReadPipeProtocol, WritePipeProtocol } from './pipe-protocols.js';
import { ReadPipeTransport } from './read-pipe-transport.js';
import { checkDescriptor, takeDescriptor } from './take-descriptor.js';
import { WritePipeTransport } from './write-pipe-transport.js';

/** Until the protocol is made, the pipe is the caller's. */
const NOTHING_TAKEN = { close: (): void => undefined };

/** Python: loop.connect_read_pipe(). */
export async function connectReadPipe<P extends ReadPipeProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  pipe: PipeLike,
): Promise<[ReadPipeTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'connectReadPipe');
  const take = prepare(loop, pipe, 'read');
  return startWith(
    loop,
    protocolFactory,
    NOTHING_TAKEN,
    (protocol, onStarted) => new ReadPipeTransport(loop, take(), { protocol, pipe, onStarted }),
  );
}

/** Python: loop.connect_write_pipe(). */
export async function connectWritePipe<P extends WritePipeProtocol>(
  loop: NetLoop,
  protocolFactory: () => P,
  pipe: PipeLike,
): Promise<[WritePipeTransport, P]> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'connectWritePipe');
  const take = prepare(loop, pipe, 'write');
  return startWith(
    loop,
    protocolFactory,
    NOTHING_TAKEN,
    (protocol, onStarted) => new WritePipeTransport(loop, take(), { protocol, pipe, onStarted }),
  );
}

/** Checks everything about the pipe, and returns what takes it. Until that is called, nothing has changed. */
function prepare(loop: NetLoop, pipe: PipeLike, direction: PipeDirection): () => PipeEnd {
  const net = loop[NET];
  const given = givenPipe(pipe);
  const { fd } = given;
  net.checkFree(fd);
  checkIdle(pipe, direction);
  const kind = kindOf(fd);
  if (kind === 'file') throw notAPipe(direction, pipe);
  if (net.handles !== null)
    return prepareHandle(net.handles, pipe, { fd, kind, direction, giveUp: () => giveUp(loop, given) });
  checkDescriptor(fd, kind, direction, () => notAPipe(direction, pipe));
  return () => {
    const end = takeDescriptor(fd, kind);
    giveUp(loop, given);
    return end;
  };
}

/**
 * Closes what was given at once, not at the end: otherwise the other side would not see the end, and a thread that is terminated would leave
 * it open. What goes wrong here is no reason to refuse the pipe.
 */
function giveUp(loop: NetLoop, given: GivenPipe): void {
  const report = (thrown: unknown): void =>
    loop.callExceptionHandler({ message: 'Exception in close() of a pipe', exception: toError(thrown) });
  try {
    watchResult(given.close(), report);
  } catch (thrown) {
    report(thrown);
  }
}

function notAPipe(direction: PipeDirection, pipe: unknown): TypeError {
  const message =
    direction === 'read'
      ? 'Pipe transport is for pipes/sockets only'
      : 'Pipe transport is only for pipes, sockets and character devices';
  return typeError(`${message}, got ${inspect(pipe, { depth: 0 })}`, 'ERR_INVALID_ARG_VALUE');
}
