import dns from 'node:dns';
import { expect } from 'chai';
import sinon from 'sinon';
import { AF_INET, AF_INET6, SelectorEventLoop } from '@ringloop/net';
import { resolve } from '@ringloop/net/internal';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

describe('net/resolve', () => {
  it('resolve() turns IP addresses into themselves, and no host into all or the local interfaces', () =>
    inLoop(async (loop) => {
      const both = { family: 0, passive: false };
      expect(await resolve(loop, '127.0.0.1', 80, both)).to.deep.equal([
        { family: AF_INET, host: '127.0.0.1', port: 80 },
      ]);
      expect(await resolve(loop, '::1', '80', both)).to.deep.equal([
        { family: AF_INET6, host: '::1', port: 80 },
      ]);
      expect(await resolve(loop, 'fe80::1%lo', null, both)).to.deep.equal([
        { family: AF_INET6, host: 'fe80::1%lo', port: 0 },
      ]);
      expect((await resolve(loop, null, 1, both)).map(({ host }) => host)).to.deep.equal([
        '127.0.0.1',
        '::1',
      ]);
      expect((await resolve(loop, '', 1, { ...both, passive: true })).map(({ host }) => host)).to.deep.equal([
        '0.0.0.0',
        '::',
      ]);
    }));

  it('resolve() rejects with the error of node:dns', () =>
    inLoop(async (loop) => {
      const missing = Object.assign(new Error('getaddrinfo ENOTFOUND nobody'), {
        code: 'ENOTFOUND',
        syscall: 'getaddrinfo',
      });
      const lookup = sinon.stub(dns, 'lookup').callsFake(((
        _host: string,
        _options: unknown,
        done: (error: Error) => void,
      ) => {
        setImmediate(done, missing);
      }) as never);
      try {
        expect(await rejection(resolve(loop, 'nobody', 1, { family: 0, passive: false }))).to.equal(missing);
      } finally {
        lookup.restore();
      }
    }));

  // test_dns (uvloop): getaddrinfo_close_loop
  it('resolve() drops an answer that comes after the loop was closed, or after a cancellation', async () => {
    let answer: (() => void) | undefined;
    const lookup = sinon.stub(dns, 'lookup').callsFake(((
      _host: string,
      _options: unknown,
      done: (...args: unknown[]) => void,
    ) => {
      answer = () => done(null, [{ address: '127.0.0.1', family: 4 }]);
    }) as never);
    const loop = new SelectorEventLoop();
    try {
      const task = loop.createTask(() => resolve(loop, 'name', 1, { family: 0, passive: false }));
      loop.callSoon(() => loop.callSoon(() => task.cancel()));
      expect((await rejection(loop.runUntilComplete(task))).name).to.equal('CancelledError');
      answer?.();
      loop.close();
      answer?.();
    } finally {
      lookup.restore();
    }
  });

  it('resolve() refuses a host that is none, which Node would take for no host at all', () =>
    inLoop(async (loop) => {
      for (const host of [
        undefined,
        0,
        5,
        NaN,
        true,
        {},
        ['127.0.0.1'],
        Buffer.from('::1'),
      ] as unknown as string[]) {
        const error = await rejection(resolve(loop, host, 1, { family: 0, passive: false }));
        expect(error).to.be.instanceOf(TypeError);
        expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
        expect(error.message).to.match(/^host must be a string or null, got /);
      }
      expect(await rejection(resolve(loop, 'a\0b', 1, { family: 0, passive: false }))).to.include({
        code: 'ERR_INVALID_ARG_VALUE',
      });
      for (const localAddr of ['127.0.0.1', 5, {}, { host: 5 }] as unknown as { host: string }[]) {
        const attempt = loop.createConnection(() => ({}), { host: '127.0.0.1', port: 1, localAddr });
        expect(await rejection(attempt)).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
      }
    }));
});
