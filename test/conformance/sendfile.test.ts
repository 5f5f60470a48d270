/**
 * CPython's test_sendfile.py, and what is about sending files in its test_base_events.py and test_unix_events.py. Where those replace a
 * method to make sendfile(2) impossible, here the system call fails.
 */
import { constants, tmpdir } from 'node:os';
import { closeSync, openSync } from 'node:fs';
import { expect } from 'chai';
import { CancelledError } from '@ringloop/core';
import {
  AF_INET,
  type SelectorEventLoop,
  SendfileNotAvailableError,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_DGRAM,
  Socket,
  type SocketAddress,
  SOL_SOCKET,
  type StreamTransport,
} from '@ringloop/net';
import { describeWithEpoll, itWithEpoll, onHandles } from '../net/backend.js';
import { SystemCalls } from '../net/faults/system-calls.js';
import { inLoop } from '../net/in-loop.js';
import { iterations } from '../net/iterations.js';
import { Recorder, type RecorderOptions } from '../net/recorder.js';
import { sendingIn } from '../net/sendfile/sending-in.js';
import { TestFile } from '../net/sendfile/test-file.js';
import { rejection } from '../rejection.js';

const { EINVAL, EAGAIN, ENOSYS, EIO } = constants.errno;
const BYTES = 1024 * 17 * 64 + 1; // as in CPython: more than the system buffers for small buffers
const SMALL = 4096;

/** A server's protocol, and where it listens. */
async function serve(
  loop: SelectorEventLoop,
  options: RecorderOptions = {},
): Promise<{ served: Recorder; at: { host: string; port: number }; close: () => void }> {
  const served = new Recorder(loop, options);
  const server = await loop.createServer(() => served, { host: '127.0.0.1', port: 0 });
  const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  return { served, at: { host, port }, close: () => server.close() };
}

/** A socket that is connected to a protocol in the same loop. */
async function withSocket(
  loop: SelectorEventLoop,
  body: (sock: Socket, served: Recorder) => Promise<void>,
): Promise<void> {
  const { served, at, close } = await serve(loop);
  using sock = new Socket();
  await loop.sockConnect(sock, at);
  sock.setsockopt(SOL_SOCKET, SO_SNDBUF, SMALL);
  await served.made;
  await body(sock, served);
  sock.close();
  served.transport.close();
  await served.lost;
  close();
}

/** A transport that is connected to a protocol in the same loop. */
async function withTransport(
  loop: SelectorEventLoop,
  body: (transport: StreamTransport, served: Recorder) => Promise<void>,
  options: RecorderOptions = {},
): Promise<void> {
  const { served, at, close } = await serve(loop, options);
  const [transport, protocol] = await loop.createConnection(() => new Recorder(loop), at);
  const sock = transport.getExtraInfo('socket');
  if (!onHandles) sock.setsockopt(SOL_SOCKET, SO_SNDBUF, SMALL);
  transport.setWriteBufferLimits({ high: SMALL });
  await served.made;
  if (!onHandles) served.transport.getExtraInfo('socket').setsockopt(SOL_SOCKET, SO_RCVBUF, 65_536);
  await body(transport, served);
  served.transport.close();
  transport.close();
  await served.lost;
  await protocol.lost;
  close();
}

/** Where `read(2)` would go on; Node's handles do not move it. */
function expectPosition(file: TestFile, bytes: number): void {
  if (!onHandles) expect(file.position).to.equal(bytes);
}

function expectSame(received: readonly Buffer[], ...expected: Buffer[]): void {
  expect(Buffer.concat(received).equals(Buffer.concat(expected))).to.equal(true);
}

describeWithEpoll('they are about sock… methods', 'conformance/sendfile of sockets', () => {
  it('SockSendfileMixin.test_sock_sendfile_success: a whole file arrives, and its position is at the end', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock, served) => {
        expect(await loop.sockSendfile(sock, file)).to.equal(BYTES);
        sock.close();
        await served.lost;
        expectSame(served.chunks, file.content);
        expectPosition(file, BYTES);
      });
    }));

  it('SockSendfileMixin.test_sock_sendfile_with_offset_and_count: a part of a file arrives', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock, served) => {
        expect(await loop.sockSendfile(sock, file, { offset: 1000, count: 2000 })).to.equal(2000);
        sock.close();
        await served.lost;
        expectSame(served.chunks, file.content.subarray(1000, 3000));
        expectPosition(file, 3000);
      });
    }));

  it('SockSendfileMixin.test_sock_sendfile_zero_size: nothing of an empty file arrives', () =>
    inLoop(async (loop) => {
      using file = new TestFile(0);
      await withSocket(loop, async (sock, served) => {
        expect(await loop.sockSendfile(sock, file, { offset: 0, count: null })).to.equal(0);
        sock.close();
        await served.lost;
        expect(served.byteCount).to.equal(0);
        expectPosition(file, 0);
      });
    }));

  it('SockSendfileMixin.test_sock_sendfile_mix_with_regular_send: what is sent before and after arrives around it', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      const other = Buffer.alloc(65_536, 'mix_regular_send');
      await withSocket(loop, async (sock, served) => {
        await loop.sockSendall(sock, other);
        expect(await loop.sockSendfile(sock, file)).to.equal(BYTES);
        await loop.sockSendall(sock, other);
        sock.close();
        await served.lost;
        expectSame(served.chunks, other, file.content, other);
        expectPosition(file, BYTES);
      });
    }));

  it(
    'BaseLoopSockSendfileTests.test__sock_sendfile_native_failure, test_sock_sendfile_no_fallback: without the fallback, ' +
      'what the system cannot send is refused, and nothing is sent',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(BYTES);
        await withSocket(loop, async (sock, served) => {
          {
            using calls = new SystemCalls({ call: 'sendfile', nth: 0, how: EINVAL });
            const refused = await rejection(loop.sockSendfile(sock, file, { fallback: false }));
            expect(refused).to.be.instanceOf(SendfileNotAvailableError);
            expect(calls.delivered).to.equal(true);
          }
          sock.close();
          await served.lost;
          expect(served.byteCount).to.equal(0);
          expectPosition(file, 0);
        });
      }),
  );

  it('BaseLoopSockSendfileTests.test_sock_sendfile_fallback: a whole file arrives by reading', () =>
    sendingIn('by reading', async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock, served) => {
        expect(await loop.sockSendfile(sock, file)).to.equal(BYTES);
        sock.close();
        await served.lost;
        expectSame(served.chunks, file.content);
        expectPosition(file, BYTES);
      });
    }));

  it('BaseLoopSockSendfileTests.test_sock_sendfile_fallback_offset_and_count: a part of a file arrives by reading', () =>
    sendingIn('by reading', async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock, served) => {
        expect(await loop.sockSendfile(sock, file, { offset: 1000, count: 2000 })).to.equal(2000);
        sock.close();
        await served.lost;
        expectSame(served.chunks, file.content.subarray(1000, 3000));
        expectPosition(file, 3000);
      });
    }));

  it('BaseLoopSockSendfileTests.test_nonstream_socket: datagrams are refused', () =>
    inLoop(async (loop) => {
      using file = new TestFile(1);
      using sock = new Socket(AF_INET, SOCK_DGRAM);
      const refused = await rejection(loop.sockSendfile(sock, file));
      expect(refused).to.be.instanceOf(TypeError);
      expect(refused.message).to.match(/^Only SOCK_STREAM sockets can send files, got /);
    }));

  it(
    'BaseLoopSockSendfileTests.test_notint_count, test_negative_count, test_notint_offset, test_negative_offset: ' +
      'numbers must be whole and in range',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(1);
        await withSocket(loop, async (sock) => {
          const wrong = 'count' as unknown as number;
          for (const [options, kind] of [
            [{ count: wrong }, TypeError],
            [{ count: -1 }, RangeError],
            [{ offset: wrong }, TypeError],
            [{ offset: -1 }, RangeError],
          ] as const)
            expect(await rejection(loop.sockSendfile(sock, file, options))).to.be.instanceOf(kind);
        });
      }),
  );

  it('SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_available: a system without the call refuses', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock) => {
        using calls = new SystemCalls({ call: 'sendfile', nth: 0, how: ENOSYS });
        const refused = await rejection(loop.sockSendfile(sock, file, { fallback: false }));
        expect(refused).to.be.instanceOf(SendfileNotAvailableError);
        expect(calls.delivered).to.equal(true);
        expectPosition(file, 0);
      });
    }));

  it(
    'SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_a_file, test_sock_sendfile_iobuffer: ' +
      'what has no descriptor is refused, also with the fallback',
    () =>
      inLoop(async (loop) => {
        await withSocket(loop, async (sock) => {
          for (const none of [{}, Buffer.from('abc')])
            expect(await rejection(loop.sockSendfile(sock, none as never))).to.be.instanceOf(TypeError);
        });
      }),
  );

  it('SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_not_regular_file: a number of no file is refused', () =>
    inLoop(async (loop) => {
      await withSocket(loop, async (sock) => {
        const none = { fileno: () => -1 };
        expect(await rejection(loop.sockSendfile(sock, none))).to.be.instanceOf(RangeError);
        const directory = openSync(tmpdir(), 'r');
        const refused = await rejection(loop.sockSendfile(sock, directory, { fallback: false }));
        expect(refused).to.be.instanceOf(SendfileNotAvailableError);
        closeSync(directory);
      });
    }));

  it(
    'SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_cancel1, test_sock_sendfile_cancel2: ' +
      'what is cancelled while it waits, or when it could go on, leaves no watch',
    () =>
      inLoop(async (loop) => {
        for (const isReady of [false, true]) {
          using file = new TestFile(BYTES);
          const [a, b] = Socket.socketpair();
          using sock = a;
          using peer = b;
          const sending = loop.createTask(() => loop.sockSendfile(sock, file));
          await iterations(loop, 2);
          expect(loop.watchesDescriptors()).to.equal(true);
          if (isReady) while (peer.tryRecvInto(Buffer.alloc(65_536)) > 0);
          sending.cancel();
          expect(await rejection(sending)).to.be.instanceOf(CancelledError);
          expect(loop.watchesDescriptors()).to.equal(false);
        }
      }),
  );

  it('SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_blocking_error: a full socket is waited for', () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      const [a, b] = Socket.socketpair();
      using sock = a;
      using peer = b;
      using calls = new SystemCalls({ call: 'sendfile', nth: 0, how: EAGAIN });
      const sending = loop.createTask(() => loop.sockSendfile(sock, file));
      await iterations(loop, 1);
      expect(calls.delivered).to.equal(true);
      expect(sending.done()).to.equal(false);
      expect(await sending).to.equal(10);
      expect(peer.recv(100).equals(file.content)).to.equal(true);
    }));

  it('SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_os_error_first_call: an error of the connection is told as it is', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withSocket(loop, async (sock) => {
        using calls = new SystemCalls({ call: 'sendfile', nth: 0, how: EIO });
        expect(await rejection(loop.sockSendfile(sock, file))).to.include({ code: 'EIO' });
        expect(calls.delivered).to.equal(true);
        expect(loop.removeWriter(sock)).to.equal(false);
        expectPosition(file, 0);
      });
    }));

  it(
    'SelectorEventLoopUnixSockSendfileTests.test_sock_sendfile_os_error_next_call, test_sock_sendfile_exception: ' +
      'an error in the middle is told as it is, and the position tells how far it came',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(BYTES);
        await withSocket(loop, async (sock, served) => {
          using calls = new SystemCalls({ call: 'sendfile', nth: 3, how: EINVAL });
          expect(await rejection(loop.sockSendfile(sock, file))).to.include({ code: 'EINVAL' });
          expect(calls.delivered).to.equal(true);
          sock.close();
          await served.lost;
          expect(served.byteCount).to.be.within(1, BYTES - 1);
          expectPosition(file, served.byteCount);
        });
      }),
  );
});

describe('conformance/sendfile of transports', () => {
  it('SendfileMixin.test_sendfile_not_supported: datagrams are refused', () =>
    inLoop(async (loop) => {
      using file = new TestFile(10);
      const localAddr = { host: '127.0.0.1', port: 0 };
      const [transport] = await loop.createDatagramEndpoint(() => ({}), { localAddr });
      const refused = await rejection(loop.sendfile(transport as never, file));
      expect(refused.message).to.match(/not supported/);
      expectPosition(file, 0);
      transport.close();
    }));

  it('SendfileMixin.test_sendfile: a whole file arrives, and its position is at the end', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withTransport(loop, async (transport, served) => {
        expect(await loop.sendfile(transport, file)).to.equal(BYTES);
        transport.close();
        await served.lost;
        expectSame(served.chunks, file.content);
        expectPosition(file, BYTES);
      });
    }));

  it('SendfileMixin.test_sendfile_force_fallback: a whole file arrives by reading', () =>
    sendingIn('by reading', async (loop) => {
      using file = new TestFile(BYTES);
      await withTransport(loop, async (transport, served) => {
        expect(await loop.sendfile(transport, file)).to.equal(BYTES);
        transport.close();
        await served.lost;
        expectSame(served.chunks, file.content);
        expectPosition(file, BYTES);
      });
    }));

  it(
    'SendfileMixin.test_sendfile_force_unsupported_native, test_sendfile_no_fallback_for_fallback_transport: ' +
      'without the fallback, what the system cannot send is refused',
    () =>
      sendingIn('by reading', async (loop) => {
        using file = new TestFile(BYTES);
        await withTransport(loop, async (transport, served) => {
          const refused = await rejection(loop.sendfile(transport, file, { fallback: false }));
          expect(refused).to.be.instanceOf(SendfileNotAvailableError);
          expect(refused.message).to.match(/^fallback is disabled/);
          transport.close();
          await served.lost;
          expect(served.byteCount).to.equal(0);
          expectPosition(file, 0);
        });
      }),
  );

  it('SendfileMixin.test_sendfile_for_closing_transp: a transport that is closing is refused', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withTransport(loop, async (transport, served) => {
        transport.close();
        const refused = await rejection(loop.sendfile(transport, file));
        expect(refused.message).to.equal('Transport is closing');
        await served.lost;
        expect(served.byteCount).to.equal(0);
        expectPosition(file, 0);
      });
    }));

  it('SendfileMixin.test_sendfile_pre_and_post_data: what is written before and after arrives around it', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      const [prefix, suffix] = ['PREFIX__', '--SUFFIX'].map((text) => Buffer.alloc(8192, text));
      await withTransport(loop, async (transport, served) => {
        transport.write(prefix as Buffer); // both are there
        expect(await loop.sendfile(transport, file)).to.equal(BYTES);
        transport.write(suffix as Buffer);
        transport.close();
        await served.lost;
        expectSame(served.chunks, prefix as Buffer, file.content, suffix as Buffer);
        expectPosition(file, BYTES);
      });
    }));

  it('SendfileMixin.test_sendfile_partial: a part of a file arrives', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      await withTransport(loop, async (transport, served) => {
        expect(await loop.sendfile(transport, file, { offset: 1000, count: 100 })).to.equal(100);
        transport.close();
        await served.lost;
        expectSame(served.chunks, file.content.subarray(1000, 1100));
        expectPosition(file, 1100);
      });
    }));

  it('SendfileMixin.test_sendfile_close_peer_after_receiving: a peer may close when it has all', () =>
    inLoop(async (loop) => {
      using file = new TestFile(BYTES);
      let bytes = 0;
      await withTransport(
        loop,
        async (transport, served) => {
          expect(await loop.sendfile(transport, file)).to.equal(BYTES);
          transport.close();
          await served.lost;
          expectSame(served.chunks, file.content);
          expectPosition(file, BYTES);
        },
        { onData: (data, peer) => (bytes += data.length) >= BYTES && peer.close() },
      );
    }));

  for (const [name, how] of [
    ['test_sendfile_close_peer_in_the_middle_of_receiving', 'natively'],
    ['test_sendfile_fallback_close_peer_in_the_middle_of_receiving', 'by reading'],
  ] as const) {
    it(`SendfileMixin.${name}: a peer that closes too early is told to the sender, and the position tells how far it came`, () =>
      sendingIn(how, async (loop) => {
        using file = new TestFile(BYTES * 20);
        await withTransport(
          loop,
          async (transport, served) => {
            const { code } = await rejection(loop.sendfile(transport, file));
            expect(code).to.be.oneOf(['EPIPE', 'ECONNRESET']);
            await served.lost;
            expect(served.byteCount).to.be.within(1024, BYTES * 20 - 1);
            if (!onHandles) expect(file.position).to.be.within(1024, BYTES * 20 - 1);
            while (!transport.isClosing()) await iterations(loop, 1);
          },
          { onData: (_data, peer) => peer.close() },
        );
      }));
  }

  itWithEpoll(
    'it begins to send at once',
    'SendfileMixin.test_sendfile_prevents_bare_write: nobody may write meanwhile',
    () =>
      inLoop(async (loop) => {
        using file = new TestFile(BYTES);
        await withTransport(loop, async (transport) => {
          const sending = loop.createTask(() => loop.sendfile(transport, file));
          await iterations(loop, 1);
          expect(() => transport.write(Buffer.from('data'))).to.throw(/sendfile is in progress/);
          expect(await sending).to.equal(BYTES);
        });
      }),
  );
});
