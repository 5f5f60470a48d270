import { expect } from 'chai';
import {
  openConnection,
  openUnixConnection,
  type SelectorEventLoop,
  Socket,
  startServer,
  startUnixServer,
  toNodeSocket,
} from '@ringloop/net';
import { itWithEpoll } from '../backend.js';
import { inLoop } from '../in-loop.js';
import { openDescriptors } from '../descriptors.js';
import { rejection, thrownBy } from '../../rejection.js';

const make = (): object => ({});
const handle = (): void => undefined;

/** All that take options which cannot be left out, called with a wrong value. */
const CALLS: Readonly<Record<string, (loop: SelectorEventLoop, wrong: never) => PromiseLike<unknown>>> = {
  createConnection: (loop, wrong) => loop.createConnection(make, wrong),
  createServer: (loop, wrong) => loop.createServer(make, wrong),
  createUnixConnection: (loop, wrong) => loop.createUnixConnection(make, wrong),
  createUnixServer: (loop, wrong) => loop.createUnixServer(make, wrong),
  createDatagramEndpoint: (loop, wrong) => loop.createDatagramEndpoint(make, wrong),
  openConnection: (_loop, wrong) => openConnection(wrong),
  openUnixConnection: (_loop, wrong) => openUnixConnection(wrong),
  startServer: (_loop, wrong) => startServer(handle, wrong),
  startUnixServer: (_loop, wrong) => startUnixServer(handle, wrong),
};

describe('net/check-options', () => {
  for (const [name, call] of Object.entries(CALLS)) {
    it(`${name}() without options says so, and opens nothing`, () =>
      inLoop(async (loop) => {
        const before = openDescriptors().size;
        for (const wrong of [undefined, null, 5, 'text', handle]) {
          const error = await rejection(call(loop, wrong as never)); // JavaScript may pass anything
          expect(error).to.include({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
          expect(error.message).to.match(/^options must be an object, got /);
        }
        expect(openDescriptors().size).to.equal(before);
      }));
  }

  it('toNodeSocket() refuses options that are none, and leaves the socket to its owner', async () => {
    const error = await thrownBy(() => toNodeSocket({} as never, null as never));
    expect(error.message).to.equal('options must be an object, got null');
  });

  it('createServer() looks at its flags', () =>
    inLoop(async (loop) => {
      for (const flags of [Symbol('s'), 10n, 'x', null]) {
        const options = { host: '127.0.0.1', port: 0, flags: flags as never };
        const error = await rejection(loop.createServer(make, options));
        expect(error).to.include({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      }
    }));

  itWithEpoll('it needs a Socket', 'sockConnect() without an address says so', () =>
    inLoop(async (loop) => {
      using sock = new Socket();
      for (const address of [undefined, null, 5, handle] as never[]) {
        const error = await rejection(loop.sockConnect(sock, address));
        expect(error).to.include({ name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' });
      }
    }),
  );
});
