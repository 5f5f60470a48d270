import { once } from 'node:events';
import net from 'node:net';
import { ExceptionGroup, gather } from '@ringloop/core';
import { SelectorEventLoop, Socket, type SocketAddress } from '@ringloop/net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';
import { withAddresses } from '../names/stub-lookup.js';

const nobody = (): object => ({});

/** 127.0.0.1 does not answer, 127.0.0.2 does, 127.0.0.3 refuses; all at one port. */
async function hosts(loop: SelectorEventLoop): Promise<{ port: number; close: () => Promise<void> }> {
  const stuck = new Socket();
  stuck.bind({ host: '127.0.0.1', port: 0 });
  stuck.listen(0);
  const { port } = stuck.getsockname() as SocketAddress;
  const [filler] = await loop.createConnection(nobody, { host: '127.0.0.1', port });
  const server = net.createServer((socket) => socket.on('error', () => undefined).resume());
  await once(server.listen(port, '127.0.0.2'), 'listening');
  const close = async (): Promise<void> => {
    filler.abort();
    stuck.close();
    server.close();
    await once(server, 'close');
  };
  return { port, close };
}

describe('net: createConnection() with happyEyeballsDelay', () => {
  // CPython EventLoopTestsMixin and BaseEventLoopWithSelectorTests: test_create_connection_happy_eyeballs
  it('createConnection() does not wait for an address that does not answer', () =>
    withAddresses(['127.0.0.1', '127.0.0.2'], () =>
      inLoop(async (loop) => {
        const { port, close } = await hosts(loop);
        const before = openDescriptors().size;
        const [transport] = await loop.createConnection(nobody, {
          host: 'name',
          port,
          happyEyeballsDelay: 0.01,
        });
        expect(transport.getExtraInfo('peername')).to.include({ address: '127.0.0.2' });
        expect(openDescriptors().size).to.be.at.most(before + 2); // our side, and the side of the server in this process
        transport.abort();
        await close();
      }),
    ));

  it('createConnection() tries the next address at once when one refuses', () =>
    withAddresses(['127.0.0.3', '127.0.0.2'], () =>
      inLoop(async (loop) => {
        const { port, close } = await hosts(loop);
        const [transport] = await loop.createConnection(nobody, {
          host: 'name',
          port,
          happyEyeballsDelay: 1000,
        });
        expect(transport.getExtraInfo('peername')).to.include({ address: '127.0.0.2' });
        transport.abort();
        await close();
      }),
    ));

  it('createConnection(), cancelled in any iteration of the race, leaves nothing open', () =>
    withAddresses(['127.0.0.1', '127.0.0.1', '127.0.0.1'], () =>
      inLoop(async (loop) => {
        const { port, close } = await hosts(loop);
        const before = openDescriptors().size;
        for (let after = 0; after < 30; after++) {
          const call = loop.createTask(() =>
            loop.createConnection(nobody, { host: 'name', port, happyEyeballsDelay: 0 }),
          );
          await iterations(loop, after);
          call.cancel();
          await gather([call], { returnExceptions: true });
          expect(call.cancelled()).to.equal(true);
          expect(openDescriptors().size, `cancelled after ${after}`).to.equal(before);
        }
        await close();
      }),
    ));

  it('createConnection(), cancelled in any iteration of a race that is won, leaves nothing open', () =>
    withAddresses(['127.0.0.1', '127.0.0.2', '127.0.0.2'], () =>
      inLoop(async (loop) => {
        const { port, close } = await hosts(loop);
        const before = openDescriptors().size;
        for (let after = 0; after < 40; after++) {
          const call = loop.createTask(() =>
            loop.createConnection(nobody, { host: 'name', port, happyEyeballsDelay: 0 }),
          );
          for (let left = after; left > 0; left--) await iterations(loop, 1);
          call.cancel();
          const [result] = await gather([call], { returnExceptions: true });
          if (Array.isArray(result)) result[0].abort(); // it was there already
          // The server has its side in this process as well.
          for (let left = 1000; left > 0 && openDescriptors().size > before; left--)
            await iterations(loop, 1);
          expect(openDescriptors().size, `cancelled after ${after}`).to.equal(before);
        }
        await close();
      }),
    ));

  // CPython BaseEventLoopWithSelectorTests.test_create_connection_all_errors
  it('createConnection() with allErrors rejects with a group, also of one error', async () => {
    for (const [addresses, happyEyeballsDelay] of [
      [['127.0.0.3'], null],
      [['127.0.0.3', '127.0.0.4'], null],
      [['127.0.0.3', '127.0.0.4'], 0],
    ] as const) {
      await withAddresses(addresses, () =>
        inLoop(async (loop) => {
          const { port, close } = await hosts(loop);
          const options = { host: 'name', port, happyEyeballsDelay, allErrors: true };
          const error = (await rejection(
            loop.createConnection(nobody, options),
          )) as unknown as ExceptionGroup;
          expect(error).to.be.instanceOf(ExceptionGroup);
          expect(error.message).to.equal('create_connection failed');
          expect(error.errors.map(({ message }) => message)).to.deep.equal(
            addresses.map((address) => `connect ECONNREFUSED ${address}:${port}`),
          );
          await close();
        }),
      );
    }
  });

  it('createConnection() refuses a delay and a count that are none', () =>
    inLoop(async (loop) => {
      for (const wrong of [
        { happyEyeballsDelay: 'soon' },
        { happyEyeballsDelay: NaN },
        { interleave: -1 },
        { interleave: 1.5 },
        { proto: 'tcp' },
        { flags: 'AI_PASSIVE' },
      ])
        expect(
          (await rejection(loop.createConnection(nobody, { host: '127.0.0.1', port: 1, ...wrong } as never)))
            .message,
        ).to.contain(Object.keys(wrong)[0]);
    }));
});
