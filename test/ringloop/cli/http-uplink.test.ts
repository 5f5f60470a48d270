import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { cliFile } from './cli-file.js';

const { HttpUplink } = (await cliFile(
  'http-uplink',
)) as typeof import('../../../packages/ringloop/dist/cli/http-uplink.js');
const { encodeHttpAnswer } = (await cliFile(
  'http-answer',
)) as typeof import('../../../packages/ringloop/dist/cli/http-answer.js');

/** An uplink to a server of Node's that answers as `listener` does. */
async function withUplink(
  listener: RequestListener,
  body: (uplink: InstanceType<typeof HttpUplink>) => Promise<void>,
): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const uplink = new HttpUplink({ host: '127.0.0.1', port: (server.address() as AddressInfo).port });
  try {
    await body(uplink);
  } finally {
    await uplink.close();
    server.close();
    await once(server, 'close');
  }
}

describe('ringloop/cli/http-uplink', () => {
  it('HttpUplink sends files one after the other over one connection', async () => {
    const ports = new Set<number | undefined>();
    const sizes: number[] = [];
    const digest = Buffer.alloc(32, 1);
    const listener: RequestListener = (request, response) => {
      ports.add(request.socket.remotePort);
      let bytes = 0;
      request.on('data', (chunk: Buffer) => (bytes += chunk.length));
      request.on('end', () => {
        sizes.push(bytes);
        response.end(encodeHttpAnswer({ digest, bytes, compressedBytes: 1 }));
      });
    };
    await withUplink(listener, async (uplink) => {
      for (const chunks of [0, 1, 100]) {
        await uplink.begin(chunks * 65_536);
        for (let left = chunks; left > 0; left--) await uplink.send(Buffer.alloc(65_536));
        expect((await uplink.receive()).bytes).to.equal(chunks * 65_536);
      }
    });
    expect(sizes).to.deep.equal([0, 65_536, 6_553_600]);
    expect(ports.size).to.equal(1);
  });

  it('HttpUplink rejects when the service refuses, lies, or goes away', async () => {
    const cases: [RequestListener, RegExp][] = [
      [
        (request, response) => void request.resume().on('end', () => response.writeHead(503).end('busy')),
        /answer is 503, busy/,
      ],
      [
        (request, response) => void request.resume().on('end', () => response.end('hello')),
        /^Cannot take "hello" for an answer/,
      ],
      [(request) => void request.socket.destroy(), /socket hang up|ECONNRESET|EPIPE/],
    ];
    for (const [listener, message] of cases) {
      await withUplink(listener, async (uplink) => {
        await uplink.begin(1);
        const sent = uplink.send(Buffer.from('x')).then(() => uplink.receive());
        expect((await rejection(sent)).message).to.match(message);
      });
    }
  });
});
