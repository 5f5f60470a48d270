import { expect } from 'chai';
import { AF_INET, AF_INET6, AI_NUMERICHOST, IPPROTO_TCP, SOCK_STREAM } from '@ringloop/net';
import { resolve, resolveToBind } from '@ringloop/net/internal';
import { inLoop } from '../in-loop.js';
import { rejection } from '../../rejection.js';

const stream = { type: SOCK_STREAM };

describe('net/resolve', () => {
  it('resolve() turns IP addresses into themselves, and no host into the local interface', () =>
    inLoop(async (loop) => {
      const v4 = { family: AF_INET, proto: IPPROTO_TCP };
      const v6 = { family: AF_INET6, proto: IPPROTO_TCP };
      expect(await resolve(loop, '127.0.0.1', 80, stream)).to.deep.equal([
        { ...v4, host: '127.0.0.1', port: 80 },
      ]);
      expect(await resolve(loop, '::1', '80', stream)).to.deep.equal([{ ...v6, host: '::1', port: 80 }]);
      expect(await resolve(loop, 'fe80::1%lo', null, stream)).to.deep.equal([
        { ...v6, host: 'fe80::1%lo', port: 0 },
      ]);
      const local = await resolve(loop, null, 1, stream);
      expect(local.map(({ host }) => host)).to.have.members(['127.0.0.1', '::1']);
    }));

  // CPython BaseEventLoopWithSelectorTests.test_create_server_empty_host
  it("resolveToBind() takes no host and '' for all interfaces", () =>
    inLoop(async (loop) => {
      for (const host of [null, '']) {
        const all = await resolveToBind(loop, host, 1, stream);
        expect(all.map((address) => address.host)).to.have.members(['0.0.0.0', '::']);
      }
    }));

  it('resolve() rejects with EAI_ codes', () =>
    inLoop(async (loop) => {
      const none = { name: 'ResolutionError', syscall: 'getaddrinfo' };
      expect(await rejection(resolve(loop, '', 1, stream))).to.include({ ...none, code: 'EAI_NONAME' });
      expect(await rejection(resolve(loop, 'name', 1, { ...stream, flags: AI_NUMERICHOST }))).to.include({
        ...none,
        code: 'EAI_NONAME',
        errno: -2,
        hostname: 'name',
      });
      expect(await rejection(resolve(loop, '::1', 'no-such-service', stream))).to.include({
        ...none,
        code: 'EAI_SERVICE',
      });
      expect(await rejection(resolve(loop, '::1', 1, { ...stream, family: 1 }))).to.include({
        ...none,
        code: 'EAI_FAMILY',
      });
    }));
});
