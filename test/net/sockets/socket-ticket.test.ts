import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { SOCK_DGRAM, Socket, type SocketTicket } from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { SystemCalls } from '../faults/system-calls.js';
import { inLoop } from '../in-loop.js';
import { thrownBy } from '../../rejection.js';

const worker = (): Worker => new Worker(new URL('../fixtures/taking-worker.js', import.meta.url));

/** What the other thread answers to a ticket. */
async function offer(to: Worker, ticket: SocketTicket): Promise<{ took?: number; refused?: string }> {
  to.postMessage(ticket);
  const [answer] = (await once(to, 'message')) as [{ took?: number; refused?: string }];
  return answer;
}

describe('net/socket-ticket', () => {
  it('Socket.fromTicket() opens a second descriptor of the same socket, in any thread, and both are closed by themselves', () =>
    inLoop(async (loop) => {
      const [ours, peer] = Socket.socketpair();
      const taker = worker();
      ours.send(Buffer.from('before, '));
      const { took } = await offer(taker, peer.ticket());
      expect(took).not.to.equal(peer.fileno());
      peer.close();
      ours.send(Buffer.from('after'));
      let answer = '';
      while (answer.length < 13) answer += (await loop.sockRecv(ours, 100)).toString();
      expect(answer).to.equal('before, after');
      await taker.terminate();
      expect(await loop.sockRecv(ours, 1)).to.have.length(0); // its descriptor was closed with the thread
      ours.close();
    }));

  it('Socket.fromTicket() refuses a ticket whose number belongs to another socket, or to a file, and leaves that open', async () => {
    const taker = worker();
    const late = new Socket();
    await offer(taker, late.ticket()); // from now on it opens nothing by itself
    const ticket = late.ticket();
    late.close();
    const other = new Socket();
    expect(other.fileno()).to.equal(ticket.fileno); // the system gives out the lowest free number
    expect(await offer(taker, ticket)).to.deep.equal({ refused: 'EBADF' });
    expect(fstatSync(ticket.fileno).isSocket()).to.equal(true);
    other.close();
    const file = openSync(process.execPath, 'r');
    expect(file).to.equal(ticket.fileno);
    expect(await offer(taker, ticket)).to.deep.equal({ refused: 'EBADF' });
    expect(fstatSync(file).isFile()).to.equal(true);
    closeSync(file);
    expect(await offer(taker, ticket)).to.deep.equal({ refused: 'EBADF' });
    await taker.terminate();
  });

  it('Socket.fromTicket() leaves nothing open when it refuses', async () => {
    using sock = new Socket();
    const before = [...openDescriptors().keys()];
    const { fileno, cookie } = sock.ticket();
    for (let i = 0; i < 10; i++)
      expect(await thrownBy(() => Socket.fromTicket({ fileno, cookie: cookie + 1n }))).to.include({
        code: 'EBADF',
        syscall: 'dup',
      });
    expect([...openDescriptors().keys()]).to.deep.equal(before);
  });

  it('Socket.fromTicket() keeps family, type and protocol', () => {
    using sock = new Socket(undefined, SOCK_DGRAM);
    using copy = Socket.fromTicket(sock.ticket());
    const { family, type, proto } = copy;
    expect({ family, type }).to.deep.equal({ family: sock.family, type: sock.type });
    expect(proto).to.equal(17); // what the system says, where 0 was asked for
    expect(copy.ticket().cookie).to.equal(sock.ticket().cookie);
  });

  it('Socket.fromTicket() refuses what is no ticket, and ticket() a closed socket', async () => {
    for (const wrong of [
      null,
      undefined,
      5,
      {},
      { fileno: 1 },
      { fileno: -1, cookie: 1n },
      { fileno: 2 ** 32, cookie: 1n },
      { fileno: 1.5, cookie: 1n },
      { fileno: 1, cookie: 1 },
    ] as unknown as SocketTicket[])
      expect(await thrownBy(() => Socket.fromTicket(wrong))).to.include({
        name: 'TypeError',
        code: 'ERR_INVALID_ARG_TYPE',
      });
    const sock = new Socket();
    sock.close();
    expect(await thrownBy(() => sock.ticket())).to.include({ code: 'EBADF' });
  });

  it('Socket.fromTicket() says what the system refuses, and leaves nothing open', async () => {
    using sock = new Socket();
    const ticket = sock.ticket();
    const before = [...openDescriptors().keys()];
    for (const nth of [0, 1]) {
      using calls = new SystemCalls({ call: 'getsockopt', nth, how: constants.errno.ENOBUFS });
      const thrown = await thrownBy(() => Socket.fromTicket(ticket));
      expect(calls.delivered).to.equal(true);
      expect(thrown).to.include({ code: 'ENOBUFS', syscall: 'getsockopt' });
    }
    expect([...openDescriptors().keys()]).to.deep.equal(before);
  });
});
