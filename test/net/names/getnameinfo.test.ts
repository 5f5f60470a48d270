import dns from 'node:dns';
import { expect } from 'chai';
import sinon from 'sinon';
import { NI_DGRAM, NI_NAMEREQD, NI_NOFQDN, NI_NUMERICHOST, NI_NUMERICSERV } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

/** Lets `answer` stand for the resolver of libuv while `body` runs. */
async function withService(answer: Error | string, body: () => Promise<void>): Promise<void> {
  const stub = sinon.stub(dns, 'lookupService').callsFake(((
    _host: string,
    _port: number,
    done: (...args: unknown[]) => void,
  ) => {
    setImmediate(done, ...(typeof answer === 'string' ? [null, answer, ''] : [answer]));
  }) as never);
  try {
    await body();
  } finally {
    stub.restore();
  }
}

const unnamed = Object.assign(new Error('getnameinfo ENOTFOUND'), { code: 'ENOTFOUND' });

describe('net/getnameinfo', () => {
  it('EventLoop.getnameinfo() answers numbers at once', () =>
    inLoop(async (loop) => {
      const flags = NI_NUMERICHOST | NI_NUMERICSERV;
      expect(await loop.getnameinfo({ host: '127.0.0.1', port: 80 }, flags)).to.deep.equal([
        '127.0.0.1',
        '80',
      ]);
      expect(await loop.getnameinfo({ address: '::1', port: 443, family: 'IPv6' }, flags)).to.deep.equal([
        '::1',
        '443',
      ]);
    }));

  it('EventLoop.getnameinfo() looks up the name, and gives the address of a host without one', () =>
    inLoop(async (loop) => {
      const address = { host: '192.0.2.1', port: 80 };
      await withService('somebody.example', async () => {
        expect(await loop.getnameinfo(address, NI_NUMERICSERV)).to.deep.equal(['somebody.example', '80']);
      });
      await withService(unnamed, async () => {
        expect(await loop.getnameinfo(address, NI_NUMERICSERV)).to.deep.equal(['192.0.2.1', '80']);
        expect(await rejection(loop.getnameinfo(address, NI_NAMEREQD))).to.include({
          name: 'ResolutionError',
          code: 'EAI_NONAME',
          syscall: 'getnameinfo',
          hostname: '192.0.2.1',
        });
      });
      const again = Object.assign(new Error('getnameinfo EAI_AGAIN'), { code: 'EAI_AGAIN' });
      await withService(again, async () => {
        expect(await rejection(loop.getnameinfo(address))).to.include({ code: 'EAI_AGAIN', cause: again });
      });
    }));

  it('EventLoop.getnameinfo() has the C library do what node:dns cannot', () =>
    inLoop(async (loop) => {
      const [host] = await loop.getnameinfo({ host: '127.0.0.1', port: 80 }, NI_NOFQDN | NI_DGRAM);
      expect(host).to.equal('localhost');
    }));

  it('EventLoop.getnameinfo() refuses what is no address with a port', () =>
    inLoop(async (loop) => {
      for (const address of [
        null,
        'localhost',
        5,
        {},
        { host: '::1' },
        { host: 5, port: 1 },
        { host: '', port: 1 },
      ])
        expect(await rejection(loop.getnameinfo(address as never))).to.include({
          name: 'TypeError',
          code: 'ERR_INVALID_ARG_TYPE',
        });
      expect(await rejection(loop.getnameinfo({ host: 'localhost', port: 1 }))).to.include({
        code: 'ERR_INVALID_IP_ADDRESS',
      });
      expect(await rejection(loop.getnameinfo({ host: '::1', port: 65_536 }))).to.include({
        code: 'ERR_SOCKET_BAD_PORT',
      });
      expect(await rejection(loop.getnameinfo({ host: '::1', port: 1 }, 'x' as never))).to.be.instanceOf(
        TypeError,
      );
    }));
});
