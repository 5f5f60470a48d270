import { expect } from 'chai';
import {
  AF_INET,
  AF_INET6,
  AI_ADDRCONFIG,
  AI_CANONNAME,
  AI_V4MAPPED,
  IPPROTO_TCP,
  IPPROTO_UDP,
  SelectorEventLoop,
  SOCK_DGRAM,
  SOCK_RAW,
  SOCK_STREAM,
} from '@ringloop/net';
import dns from 'node:dns';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';
import { withAddresses, withLookup } from './stub-lookup.js';

const nobody = (): never => {
  throw new Error('An IP address must not be looked up');
};

describe('net/getaddrinfo', () => {
  // golden.md; CPython BaseEventLoopTests.test_ipaddr_info
  it('EventLoop.getaddrinfo() answers IP addresses without looking them up', () =>
    withLookup(nobody, () =>
      inLoop(async (loop) => {
        const sockaddr = { address: '127.0.0.1', port: 80, family: 'IPv4' };
        const entry = { family: AF_INET, canonname: '', sockaddr };
        const tcp = { ...entry, type: SOCK_STREAM, proto: IPPROTO_TCP };
        const udp = { ...entry, type: SOCK_DGRAM, proto: IPPROTO_UDP };
        expect(await loop.getaddrinfo('127.0.0.1', 80, { type: SOCK_STREAM })).to.deep.equal([tcp]);
        expect(await loop.getaddrinfo('127.1', '80')).to.deep.equal([
          tcp,
          udp,
          { ...entry, type: SOCK_RAW, proto: 0 },
        ]);
        expect(await loop.getaddrinfo('127.0.0.1', 80, { proto: IPPROTO_UDP })).to.deep.equal([udp]);
        const [mapped] = await loop.getaddrinfo('127.0.0.1', 80, { family: AF_INET6, flags: AI_V4MAPPED });
        expect(mapped?.sockaddr).to.deep.equal({ address: '::ffff:127.0.0.1', port: 80, family: 'IPv6' });
      }),
    ));

  it('EventLoop.getaddrinfo() gives a name one entry for each address and kind of socket', () =>
    withAddresses(['192.0.2.1', '2001:db8::1'], () =>
      inLoop(async (loop) => {
        const found = await loop.getaddrinfo('name', 53);
        expect(found.map(({ type, sockaddr }) => [type, sockaddr.address])).to.deep.equal([
          [SOCK_STREAM, '192.0.2.1'],
          [SOCK_DGRAM, '192.0.2.1'],
          [SOCK_RAW, '192.0.2.1'],
          [SOCK_STREAM, '2001:db8::1'],
          [SOCK_DGRAM, '2001:db8::1'],
          [SOCK_RAW, '2001:db8::1'],
        ]);
        expect(found.every(({ sockaddr }) => sockaddr.port === 53)).to.equal(true);
      }),
    ));

  it('EventLoop.getaddrinfo() hands on the family and the flags that node:dns knows', async () => {
    const asked: dns.LookupAllOptions[] = [];
    await withLookup(
      (_host, done, options) => {
        asked.push(options);
        setImmediate(done, null, [{ address: '::ffff:192.0.2.1', family: 6 }]);
      },
      () =>
        inLoop(async (loop) => {
          await loop.getaddrinfo('name', 1, { family: AF_INET6, flags: AI_V4MAPPED | AI_ADDRCONFIG });
        }),
    );
    expect(asked).to.deep.equal([
      { all: true, verbatim: true, family: 6, hints: dns.V4MAPPED | dns.ADDRCONFIG },
    ]);
  });

  it('EventLoop.getaddrinfo() translates the codes of node:dns, and keeps the cause', async () => {
    const missing = Object.assign(new Error('getaddrinfo ENOTFOUND name'), { code: 'ENOTFOUND' });
    const again = Object.assign(new Error('getaddrinfo EAI_AGAIN name'), { code: 'EAI_AGAIN' });
    for (const [cause, code, errno] of [
      [missing, 'EAI_NONAME', -2],
      [again, 'EAI_AGAIN', -3],
    ] as const) {
      await withLookup(
        (_host, done) => void setImmediate(done, cause),
        () =>
          inLoop(async (loop) => {
            const error = await rejection(loop.getaddrinfo('name', 1));
            expect(error).to.include({ name: 'ResolutionError', code, errno, cause, hostname: 'name' });
            expect(error.message).to.match(new RegExp(`^getaddrinfo ${code} name: .`));
          }),
      );
    }
  });

  it('EventLoop.getaddrinfo() has the C library look up what node:dns cannot, in a thread of its own', () =>
    withLookup(nobody, () =>
      inLoop(async (loop) => {
        const [first] = await loop.getaddrinfo('localhost', 80, { type: SOCK_STREAM, flags: AI_CANONNAME });
        expect(first?.canonname).to.equal('localhost');
        expect(first?.sockaddr.port).to.equal(80);
        const both = await Promise.all([
          loop.getaddrinfo('localhost', 1, { flags: AI_CANONNAME, family: AF_INET }),
          loop.getaddrinfo('localhost', 2, { flags: AI_CANONNAME, family: AF_INET }),
        ]);
        expect(both.map(([info]) => info?.sockaddr.port)).to.deep.equal([1, 2]);
      }),
    ));

  // test_dns (uvloop): getaddrinfo_close_loop
  it('EventLoop.getaddrinfo() drops an answer that comes after the loop was closed, or after a cancellation', async () => {
    let answer: (() => void) | undefined;
    const loop = new SelectorEventLoop();
    await withLookup(
      (_host, done) => (answer = () => done(null, [{ address: '127.0.0.1', family: 4 }])),
      async () => {
        const call = loop.createTask(() => loop.getaddrinfo('name', 1));
        loop.callSoon(() => loop.callSoon(() => call.cancel()));
        expect((await rejection(loop.runUntilComplete(call))).name).to.equal('CancelledError');
        answer?.();
        loop.close();
        answer?.();
      },
    );
    expect(await rejection(loop.getaddrinfo('name', 1))).to.include({ code: 'ERR_LOOP_CLOSED' });
  });

  it('EventLoop.getaddrinfo() refuses arguments of the wrong type, which Node would take for no host at all', () =>
    inLoop(async (loop) => {
      const hosts = [undefined, 0, 5, NaN, true, {}, ['127.0.0.1'], Buffer.from('::1')];
      for (const host of hosts as unknown as string[]) {
        const error = await rejection(loop.getaddrinfo(host, 1));
        expect(error).to.be.instanceOf(TypeError);
        expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
        expect(error.message).to.match(/^host must be a string or null, got /);
      }
      expect(await rejection(loop.getaddrinfo('a\0b', 1))).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
      for (const options of [{ family: '4' }, { type: 1.5 }, { proto: null }, { flags: 2 ** 40 }])
        expect((await rejection(loop.getaddrinfo('::1', 1, options as never))).message).to.match(
          new RegExp(`${Object.keys(options)[0]}`),
        );
      expect(await rejection(loop.getaddrinfo('::1', 70_000))).to.include({ code: 'ERR_SOCKET_BAD_PORT' });
    }));

  // CPython BaseEventLoopTests: the text of the debug log
  it('EventLoop.getaddrinfo() says in debug mode when the resolver was slow', async () => {
    const warn = console.warn;
    const said: unknown[] = [];
    console.warn = (text: unknown) => said.push(text);
    try {
      await withAddresses(['192.0.2.1'], () =>
        inLoop(
          async (loop) => {
            loop.slowCallbackDuration = 0;
            await loop.getaddrinfo('name', 80);
          },
          { debug: true },
        ),
      );
    } finally {
      console.warn = warn;
    }
    const [text] = said.filter((each) => String(each).startsWith('Getting'));
    expect(text).to.match(/^Getting address info 'name', '80' took \d+\.\d{3}ms$/);
  });
});
