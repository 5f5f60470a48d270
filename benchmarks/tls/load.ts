import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';

export interface Target {
  readonly port: number;
  readonly ca: string;
}

function open({ port, ca }: Target): TLSSocket {
  return connect({ host: '127.0.0.1', port, ca, servername: 'localhost' });
}

/** Keeps one message of `size` bytes under way on each connection, until the time is over. Resolves with how many came back. */
export async function echo(
  target: Target,
  connections: number,
  size: number,
  seconds: number,
): Promise<number> {
  const message = Buffer.alloc(size, 'ringloop ');
  const sockets = Array.from({ length: connections }, () => open(target));
  await Promise.all(sockets.map((socket) => once(socket, 'secureConnect')));
  const end = performance.now() + seconds * 1000;
  const counts = sockets.map(async (socket) => {
    let count = 0;
    let got = 0;
    socket.write(message);
    for await (const data of socket as AsyncIterable<Buffer>) {
      got += data.length;
      if (got < size) continue;
      got = 0;
      count++;
      if (performance.now() >= end) break;
      socket.write(message);
    }
    return count;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}

/** Makes connections, so many at a time, none of which resumes a session. Resolves with how many handshakes there were. */
export async function handshakes(target: Target, atOnce: number, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000;
  const one = async (): Promise<number> => {
    let count = 0;
    while (performance.now() < end) {
      const socket = open(target);
      await once(socket, 'secureConnect');
      count++;
      const closed = once(socket, 'close');
      socket.resume().end();
      await closed;
    }
    return count;
  };
  const counts = await Promise.all(Array.from({ length: atOnce }, one));
  return counts.reduce((sum, count) => sum + count, 0);
}
