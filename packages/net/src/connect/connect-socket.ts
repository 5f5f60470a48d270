import { Handle } from '@ringloop/core';
import { SO_ERROR, SOCK_STREAM, SOL_SOCKET } from '../libc/linux-abi.js';
import { NET, type NetLoop } from '../loop-net.js';
import type { AddressInput } from '../sockets/sockaddr.js';
import { Socket } from '../sockets/socket.js';
import type { ConnectingSocket } from '../sockets/socket-like.js';
import { HandleStream } from '../node-handles/handle-stream.js';
import { bindingFailed } from './connect-errors.js';
import { EINPROGRESS, EINTR } from '../libc/syscalls.js';
import { isSystemError, type SystemError, systemError } from '../libc/system-error.js';

/** Opens a stream socket and connects it to a resolved address. Closes it if that fails, or if the loop is closed meanwhile. */
export async function openConnected(
  loop: NetLoop,
  { family, proto = 0 }: { readonly family: number; readonly proto?: number },
  address: AddressInput,
  prepare: (sock: ConnectingSocket) => void = () => undefined,
): Promise<ConnectingSocket> {
  const { handles } = loop[NET];
  const sock =
    handles === null ? new Socket(family, SOCK_STREAM, { proto }) : new HandleStream(handles, family);
  const attempt = { abandon: () => sock.close() };
  loop[NET].opened(attempt, 'connection attempt', sock);
  try {
    prepare(sock);
    await connectSocket(loop, sock, address);
    return sock;
  } catch (thrown) {
    sock.close();
    throw thrown;
  } finally {
    loop[NET].closed(attempt);
  }
}

/**
 * Connects `sock` to a resolved address. When it rejects, because it was cancelled or refused, the loop no longer
 * watches the socket, but the socket is still open: the caller must close it.
 */
export async function connectSocket(
  loop: NetLoop,
  sock: ConnectingSocket,
  address: AddressInput,
): Promise<void> {
  const result = sock.tryConnect(address);
  if (result === 0) return;
  // Interrupted by a signal, it goes on connecting.
  if (result !== -EINPROGRESS && result !== -EINTR) throw systemError('connect', -result, address);
  const { selector } = loop[NET];
  const fd = sock.fileno();
  const connected = loop.createFuture<undefined>();
  const onWritable = (): void => {
    selector.unwatch(fd, 'writer');
    if (connected.done()) return; // cancelled in this iteration
    const error = connectError(sock, address);
    if (error === null) connected.setResult(undefined);
    else connected.setException(error);
  };
  selector.watch(fd, 'writer', new Handle(onWritable, [], loop));
  try {
    await connected;
  } finally {
    if (sock.fileno() === fd) selector.unwatch(fd, 'writer');
  }
}

/** Why the socket is not connected, or cannot tell. Null: it is connected. */
function connectError(sock: ConnectingSocket, address: AddressInput): SystemError | null {
  if (sock instanceof HandleStream) {
    const failed = sock.connectError(address);
    if (failed === null) return null;
    return failed.local === null ? failed.error : bindingFailed(failed.error, failed.local);
  }
  try {
    const errno = sock.getsockopt(SOL_SOCKET, SO_ERROR);
    return errno === 0 ? null : systemError('connect', errno, address);
  } catch (thrown) {
    if (isSystemError(thrown)) return thrown;
    throw thrown;
  }
}
