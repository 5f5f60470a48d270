/**
 * Every system call of this package fails once, at each place where it is made, in each way that the system has; and a
 * scenario goes on around it. The number of runs is the number of system calls in all scenarios times the ways.
 */
import { constants } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import { LoopStateError } from '@ringloop/core';
import { expect } from 'chai';
import { Socket, type SocketAddress } from '@ringloop/net';
import { openDescriptors } from '../descriptors.js';
import { ShortSecondsLoop, Stage } from './scenario.js';
import { type Scenario, SCENARIOS } from './scenarios.js';
import { type Fault, SystemCalls } from './system-calls.js';

const { errno } = constants;

/** An errno that no system call here ever has: whoever is told of it is told of our fault. */
const ODD = errno.EXDEV;
const OUT_OF_RESOURCES = [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM];
const TRANSFER = [
  errno.EINTR,
  errno.EAGAIN,
  errno.ECONNRESET,
  errno.ETIMEDOUT,
  errno.ENOBUFS,
  errno.ENOMEM,
  ODD,
];

/** How each call can fail. */
const WAYS: Readonly<Record<string, readonly number[]>> = {
  socket: [errno.EINTR, ...OUT_OF_RESOURCES, ODD],
  socketpair: [errno.EINTR, errno.EMFILE, ODD],
  bind: [errno.EINTR, errno.EADDRINUSE, errno.ENOMEM, ODD],
  listen: [errno.EINTR, errno.EADDRINUSE, ODD],
  accept4: [errno.EINTR, errno.EAGAIN, errno.ECONNABORTED, ...OUT_OF_RESOURCES, ODD],
  connect: [errno.EINTR, errno.ECONNREFUSED, errno.ENETUNREACH, errno.ETIMEDOUT, errno.ENOBUFS, ODD],
  open: [errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES],
  read: [errno.EINTR, errno.EAGAIN, errno.EIO, ODD],
  write: [errno.EINTR, errno.EAGAIN, errno.EPIPE, errno.ENOSPC, ODD],
  recv: TRANSFER,
  recvfrom: [...TRANSFER, errno.ECONNREFUSED],
  send: [...TRANSFER, errno.EPIPE],
  sendmsg: [...TRANSFER, errno.EPIPE],
  sendto: [...TRANSFER, errno.ECONNREFUSED, errno.EMSGSIZE],
  sendfile: [...TRANSFER, errno.EPIPE, errno.EINVAL],
  lseek: [errno.EIO, ODD],
  shutdown: [errno.EINTR, errno.ENOTCONN, ODD],
  close: [errno.EINTR, errno.EIO],
  fcntl: [errno.EINTR, errno.EMFILE, ODD],
  setsockopt: [errno.EINTR, errno.ENOMEM, ODD],
  getsockopt: [errno.EINTR, errno.ENOBUFS, ODD],
  getsockname: [errno.EINTR, errno.ENOBUFS, ODD],
  getpeername: [errno.EINTR, errno.ENOTCONN, ODD],
  epoll_create1: [errno.EINTR, errno.EMFILE, errno.ENFILE, errno.ENOMEM, ODD],
  'epoll_ctl ADD': [errno.EINTR, errno.ENOMEM, errno.ENOSPC, ODD],
  'epoll_ctl MOD': [errno.EINTR, errno.ENOMEM, ODD],
  'epoll_ctl DEL': [errno.EINTR, errno.ENOMEM],
  'epoll_ctl ADD of libuv': [errno.EINTR, errno.ENOMEM, errno.ENOSPC],
  'epoll_ctl DEL of libuv': [errno.EINTR, errno.ENOMEM],
  epoll_wait: [errno.EINTR],
};

/** Failures that nobody is told of, with the reason. */
const SILENT: Readonly<Record<string, string>> = {
  close: 'the number is free all the same',
  epoll_create1: 'the loop goes on with its old epoll descriptor, and tries again',
  'epoll_ctl DEL': 'the descriptor was closed behind our back; what is reported for it is dropped',
  'open EACCES': 'the descriptor that was given is used instead',
  'epoll_ctl ADD of libuv': 'a timer looks for events instead',
  'epoll_ctl DEL of libuv': 'closing the descriptor has the same effect',
};

/** Failures of which it depends who is told, with the reason. */
const AT_MOST_ONCE: Readonly<Record<string, string>> = {
  getsockname: 'a transport then says null for its address; who asked for it directly is told',
  getpeername: 'the same',
  'accept4 ECONNABORTED':
    'a server goes on: the peer gave up while it was queued; who has called sockAccept() is told',
  'sendfile EINVAL': 'the file is read instead, if nothing of it was sent yet',
  lseek: 'who is told that the file could not be sent is not told that its position could not be set',
  'epoll_ctl MOD': 'one that stops watching is silent as DEL is',
  setsockopt: 'of a connection that a server has accepted: a peer can cause it as often as it likes',
};

/** The system itself has these, as a consequence: of a side that was reset, and of one that is gone. */
const MAY_BE_REAL = new Set([errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN]);

const DEADLINE_MS = 10_000; // for what takes a millisecond
const WALKED = 24; // each of the first calls of a name, then every tenth: a loop of reads is the same read again and again

interface Played {
  readonly stage: Stage;
  readonly calls: SystemCalls;
}

async function play(scenario: Scenario, fault: Fault | null): Promise<Played> {
  const before = new Set(openDescriptors().keys());
  const loop = new ShortSecondsLoop({ name: 'faults' });
  const stage = new Stage(loop);
  const calls = new SystemCalls(...(fault === null ? [] : [fault]));
  try {
    try {
      await beforeDeadline(loop, () => stage.play(scenario.play));
    } finally {
      calls[Symbol.dispose]();
    }
    expect(calls.wrongCloses, 'closed twice').to.deep.equal([]);
    await beforeDeadline(loop, () => useAgain(loop));
  } finally {
    loop.close();
  }
  await immediate(); // libuv lets go of the epoll descriptor in the next turn
  const left = [...openDescriptors()].filter(([fd]) => !before.has(fd));
  expect(left, 'left open').to.deep.equal([]);
  return { stage, calls };
}

async function beforeDeadline(loop: ShortSecondsLoop, body: () => Promise<void>): Promise<void> {
  const run = loop.runUntilComplete(body);
  const timer = setTimeout(() => loop.stop(), DEADLINE_MS);
  try {
    await run;
  } catch (thrown) {
    if (!(thrown instanceof LoopStateError)) throw thrown;
    throw new Error('It hangs', { cause: thrown });
  } finally {
    clearTimeout(timer);
  }
}

/** The loop still does what it did before. */
async function useAgain(loop: ShortSecondsLoop): Promise<void> {
  const [a, b] = Socket.socketpair();
  const receiving = loop.sockRecv(a, 10);
  await loop.sockSendall(b, Buffer.from('again'));
  expect((await receiving).toString()).to.equal('again');
  a.close();
  b.close();
}

function nameOf(how: Fault['how']): string {
  return typeof how === 'number' ? getSystemErrorName(-how) : how;
}

/** How often one may be told of the fault: `[at least, at most]`. */
function expected({ call, how }: Fault): readonly [number, number] {
  if (how === 'short' || how === errno.EINTR) return [0, 0];
  if (how === errno.EAGAIN) return [0, 0];
  if (call in SILENT || `${call} ${nameOf(how)}` in SILENT) return [0, 0];
  const most = MAY_BE_REAL.has(how) ? Infinity : 1;
  return [call in AT_MOST_ONCE || `${call} ${nameOf(how)}` in AT_MOST_ONCE ? 0 : 1, most];
}

function check(fault: Fault, stage: Stage, clean: Stage): void {
  const { call, how } = fault;
  const told = stage.told.filter((error) => (error as { errno?: unknown }).errno === -Number(how)).length;
  const [least, most] = expected(fault);
  expect(told, `told, of ${stage.reports.join(', ') || 'no reports'}`).to.be.within(least, most);
  if (least === 0 && most === 0 && call !== 'close') {
    expect(stage.log).to.deep.equal(clean.log);
    expect(stage.told).to.deep.equal([]);
  }
  if (call === 'accept4' && OUT_OF_RESOURCES.includes(Number(how)) && stage.reports.length > 0) {
    expect(stage.reports).to.deep.equal(['socket.accept() out of system resource']);
    expect(stage.loop.delays).to.include(1);
    expect(stage.log).to.deep.equal(clean.log);
  }
}

function faultsOf(scenario: Scenario, counts: ReadonlyMap<string, number>): Fault[] {
  return [...counts].flatMap(([call, count]) =>
    Array.from({ length: count }, (_, nth) => nth)
      .filter((nth) => nth < WALKED || nth % 10 === 0)
      .flatMap((nth) => waysOf(scenario, call).map((how) => ({ call, nth, how }))),
  );
}

function waysOf(scenario: Scenario, call: string): readonly Fault['how'][] {
  const ways = WAYS[call];
  if (ways === undefined) throw new Error(`How can ${call}() fail?`);
  if (!scenario.isStream) return call === 'connect' ? ways.filter((how) => how !== errno.EINTR) : ways; // it does not wait
  return ['recv', 'send', 'sendmsg', 'sendfile'].includes(call) ? [...ways, 'short'] : ways;
}

describe('net: each system call fails once', function () {
  this.timeout(300_000).slow(60_000);

  for (const [title, scenario] of Object.entries(SCENARIOS)) {
    it(`SelectorEventLoop: ${title}`, async () => {
      await play(scenario, null); // the first run opens what a thread keeps
      const { stage: clean, calls } = await play(scenario, null);
      expect(clean.told).to.deep.equal([]);
      const failures: string[] = [];
      let delivered = 0;
      const faults = faultsOf(scenario, calls.counts);
      for (const fault of faults) {
        try {
          const played = await play(scenario, fault);
          if (!played.calls.delivered) continue; // a run with fewer turns of the loop
          delivered++;
          check(fault, played.stage, clean);
        } catch (thrown) {
          failures.push(`${fault.call} #${fault.nth} ${nameOf(fault.how)}: ${(thrown as Error).message}`);
        }
      }
      expect(failures).to.deep.equal([]);
      expect(delivered).to.be.above(faults.length * 0.8);
    });
  }

  it('Server that cannot be watched again after a pause pauses again, and then accepts', async () => {
    const loop = new ShortSecondsLoop({ name: 'faults' });
    const stage = new Stage(loop);
    // The second registration is that of the connecting client.
    const calls = new SystemCalls(
      { call: 'accept4', nth: 0, how: errno.EMFILE },
      { call: 'epoll_ctl ADD', nth: 2, how: errno.ENOMEM },
    );
    try {
      await beforeDeadline(loop, () => stage.play(acceptOne));
    } finally {
      calls[Symbol.dispose]();
      loop.close();
    }
    expect(calls.delivered).to.equal(true);
    expect(stage.reports).to.deep.equal(Array(2).fill('socket.accept() out of system resource'));
    expect(stage.log).to.deep.equal({ server: 'made, lost' });
    expect(loop.delays).to.deep.equal([1, 1]);
  });
});

async function acceptOne(stage: Stage): Promise<void> {
  const served = stage.actor('server', { onMade: (transport) => transport.close() });
  const server = stage.serve(await stage.loop.createServer(() => served, { host: '127.0.0.1', port: 0 }));
  const { address: host, port } = server.sockets?.[0]?.getsockname() as SocketAddress; // of TCP
  const sock = stage.hold(new Socket());
  await stage.loop.sockConnect(sock, { host, port });
  await served.lost;
}
