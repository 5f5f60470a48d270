import { expect } from 'chai';
import fc from 'fast-check';
import { AF_INET, AF_INET6, AI_CANONNAME, AI_NUMERICHOST, AI_PASSIVE, NI_NUMERICHOST } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

const NET = { net: 'libuv' } as const;

/** What a question is answered with, or the code of its error. */
const answer = async (asked: Promise<unknown> | PromiseLike<unknown>): Promise<unknown> => {
  try {
    return await asked;
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};

describe('net/plain-names', () => {
  it('EventLoop.getaddrinfo() answers numbers without the C library as with it', async () => {
    const hosts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant(null));
    const hints = fc.record({
      family: fc.constantFrom(0, AF_INET, AF_INET6, 99),
      type: fc.constantFrom(0, 1, 2, 3, 99),
      proto: fc.constantFrom(0, 6, 17),
      flags: fc.constantFrom(0, AI_PASSIVE, AI_NUMERICHOST, AI_NUMERICHOST | AI_PASSIVE),
    });
    const questions = fc.sample(fc.tuple(hosts, fc.constantFrom(0, 80, '443', ''), hints), {
      seed: 14,
      numRuns: 500,
    });
    const ask = async (net: 'epoll' | 'libuv'): Promise<unknown[]> => {
      const answers: unknown[] = [];
      await inLoop(
        async (loop) => {
          for (const [host, port, options] of questions)
            answers.push(await answer(loop.getaddrinfo(host, port, options)));
        },
        { net },
      );
      return answers.map(normalized);
    };
    const [plain, libc] = [await ask('libuv'), await ask('epoll')];
    for (const [index, question] of questions.entries())
      expect(plain[index], JSON.stringify(question)).to.deep.equal(libc[index]);
  });

  it('EventLoop.getaddrinfo() without the C library knows no services and no rare flags', () =>
    inLoop(async (loop) => {
      expect(await rejection(loop.getaddrinfo('::1', 'http'))).to.include({ code: 'EAI_SERVICE' });
      expect(await rejection(loop.getaddrinfo('::1', 80, { flags: AI_CANONNAME }))).to.include({
        code: 'EAI_BADFLAGS',
      });
      expect(await rejection(loop.getaddrinfo(null, null))).to.include({ code: 'EAI_NONAME' });
      expect((await loop.getaddrinfo('localhost', 80)).length).to.be.greaterThan(0);
    }, NET));

  it('EventLoop.getnameinfo() works without the C library', () =>
    inLoop(async (loop) => {
      const address = { host: '127.0.0.1', port: 80 };
      expect(await loop.getnameinfo(address, NI_NUMERICHOST)).to.deep.equal(['127.0.0.1', '80']);
      expect((await loop.getnameinfo(address))[0]).to.equal('localhost');
      expect(await rejection(loop.getnameinfo({ host: 'x', port: 1 }))).to.include({
        code: 'ERR_INVALID_IP_ADDRESS',
      });
    }, NET));
});

/** libc writes IPv6 addresses in the shortest way; the order of no host is the system's. Which of several errors is told differs. */
function normalized(found: unknown): unknown {
  if (!Array.isArray(found)) return 'refused';
  const infos = found as { sockaddr: { address: string } }[];
  const short = infos.map((info) => ({
    ...info,
    sockaddr: { ...info.sockaddr, address: shortest(info.sockaddr.address) },
  }));
  return short.sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

function shortest(address: string): string {
  return address.includes(':') ? new URL(`http://[${address}]`).hostname : address;
}
