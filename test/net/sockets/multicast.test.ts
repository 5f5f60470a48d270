import { networkInterfaces } from 'node:os';
import { expect } from 'chai';
import { AF_INET6, SOCK_DGRAM, Socket, type SocketAddress } from '@ringloop/net';
import { inLoop } from '../in-loop.js';
import { thrownBy } from '../../rejection.js';

const GROUP = '239.255.77.1'; // of the range for one organization
const GROUP6 = 'ff01::7701'; // stays within an interface

/** The name of the loopback interface. */
const LOOPBACK =
  Object.entries(networkInterfaces()).find(([, addresses]) =>
    addresses?.some(({ address }) => address === '127.0.0.1'),
  )?.[0] ?? 'lo';

describe('net/multicast', () => {
  for (const [kind, on] of [
    ['address', '127.0.0.1'],
    ['name', LOOPBACK],
  ] as const) {
    it(`Socket.addMembership() receives what is sent to a group, on the interface of that ${kind}, until dropMembership()`, () =>
      inLoop(async (loop) => {
        using receiver = new Socket(undefined, SOCK_DGRAM);
        receiver.bind({ host: '', port: 0 });
        const { port } = receiver.getsockname() as SocketAddress; // of an IPv4 socket
        receiver.addMembership(GROUP, on);
        using sender = new Socket(undefined, SOCK_DGRAM);
        sender.setMulticastInterface(on);
        sender.sendto(Buffer.from('hello'), { host: GROUP, port });
        expect((await loop.sockRecv(receiver, 10)).toString()).to.equal('hello');
        expect(await thrownBy(() => receiver.addMembership(GROUP, on))).to.include({ code: 'EADDRINUSE' });
        receiver.dropMembership(GROUP, on);
        expect(await thrownBy(() => receiver.dropMembership(GROUP, on))).to.include({
          code: 'EADDRNOTAVAIL',
        });
      }));
  }

  it('Socket.addMembership() enters groups of IPv6 (skipped without IPv6)', async function () {
    using sock = ipv6Socket();
    if (sock === null) return this.skip();
    sock.addMembership(GROUP6, LOOPBACK);
    sock.setMulticastInterface(LOOPBACK);
    expect(await thrownBy(() => sock.addMembership(GROUP6, LOOPBACK))).to.include({ code: 'EADDRINUSE' });
    sock.dropMembership(GROUP6, LOOPBACK);
    expect(await thrownBy(() => sock.dropMembership(GROUP6, LOOPBACK))).to.include({ code: 'EADDRNOTAVAIL' });
  });

  it('Socket.addMembership() and its kin refuse wrong groups and interfaces', async () => {
    using sock = new Socket(undefined, SOCK_DGRAM);
    const wrong = (value: unknown): string => value as string; // as JavaScript may call it
    for (const group of ['localhost', '::1', GROUP6])
      expect(await thrownBy(() => sock.addMembership(group))).to.include({ code: 'ERR_INVALID_IP_ADDRESS' });
    for (const group of [5, null, undefined])
      expect(await thrownBy(() => sock.dropMembership(wrong(group)))).to.include({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    for (const on of ['nosuch0', '', 'lo\0'])
      expect(await thrownBy(() => sock.setMulticastInterface(on))).to.include({
        code: 'ERR_INVALID_ARG_VALUE',
      });
    expect(await thrownBy(() => sock.setMulticastInterface(wrong({})))).to.include({
      code: 'ERR_INVALID_ARG_TYPE',
    });
    expect(await thrownBy(() => sock.addMembership(GROUP, -1))).to.include({ code: 'ERR_OUT_OF_RANGE' });
    expect(await thrownBy(() => sock.addMembership('127.0.0.1'))).to.include({
      code: 'EINVAL',
      syscall: 'setsockopt',
    });
  });
});

function ipv6Socket(): Socket | null {
  try {
    return new Socket(AF_INET6, SOCK_DGRAM);
  } catch {
    return null; // this machine has no IPv6
  }
}
