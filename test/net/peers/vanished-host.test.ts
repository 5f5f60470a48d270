/** Peers that answer nothing any more: their host has vanished, or their process is stopped. */
import { execFileSync, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { describeWithEpoll } from '../backend.js';
import { inLoop } from '../in-loop.js';
import { openDescriptors } from '../descriptors.js';
import { Recorder } from '../recorder.js';
import { missing, titled } from './programs.js';

const FIXTURE = new URL('../fixtures/vanished-host.js', import.meta.url).pathname;
const STOPPING = new URL('../fixtures/stopping-peer.js', import.meta.url);
// It is not compiled, so it is where the source of this file is.
const ORACLE = new URL('../../../../test/net/peers/oracle/vanished_host.py', import.meta.url).pathname;

/** A network of one's own, in which packets can be dropped, needs no privileges where the system lets anybody have one. */
function whyNoNetwork(): string | null {
  const drop = 'ip link set lo up && tc qdisc add dev lo root blackhole';
  const { status } = spawnSync('unshare', ['-rn', 'sh', '-c', drop], { stdio: 'ignore' });
  return status === 0 ? null : 'no network namespaces here, or no ip and tc';
}

function openSockets(): number {
  return [...openDescriptors().values()].filter((what) => what.startsWith('socket:')).length;
}

/** A Python that knows close_clients(). */
function findPython(): { python: string; reason: string | null } {
  for (const python of [process.env.RINGLOOP_PYTHON ?? '', 'python3.14', 'python3.13', 'python3']) {
    if (python === '' || missing(python) !== null) continue;
    const { status } = spawnSync(python, ['-c', 'import sys; sys.exit(sys.version_info < (3, 13))']);
    if (status === 0) return { python, reason: null };
  }
  return { python: '', reason: 'no Python 3.13 on this machine' };
}

const EXPECTED = [
  'idle, keep-alive: made, lost ETIMEDOUT',
  'written, user timeout: made, lost ETIMEDOUT',
  'full buffer, closed, user timeout: made, pause, lost ETIMEDOUT',
  'full buffer, closed, no timeout, aborted in the end: made, pause, aborted, lost None',
  'nothing to send, closed: made, lost None',
  'streams, reading, keep-alive: ETIMEDOUT, ETIMEDOUT',
  'streams, draining, user timeout: ETIMEDOUT, ETIMEDOUT',
  'connecting, given up: TimeoutError',
  'a server whose client vanishes, aborted in the end: made, pause, aborted, done, lost None',
];

function play(...command: string[]): string[] {
  const written = execFileSync('unshare', ['-rn', ...command], { encoding: 'utf8', timeout: 30_000 });
  return written.trim().split('\n');
}

describeWithEpoll("Node's handles have no keepIdle and no userTimeout", 'net: a host that vanishes', () => {
  const reason = whyNoNetwork();
  (reason === null ? it : it.skip)(
    titled('keepAlive and userTimeout end its connections, abort() does at once, close() waits', reason),
    () => expect(play(process.execPath, FIXTURE)).to.deep.equal(EXPECTED),
  )
    .timeout(40_000)
    .slow(8_000);

  const { python, reason: noPython } = findPython();
  const why = reason ?? noPython;
  (why === null ? it : it.skip)(titled('asyncio tells the same', why), () =>
    expect(play(python, '-B', ORACLE)).to.deep.equal(EXPECTED),
  )
    .timeout(40_000)
    .slow(8_000);
});

describeWithEpoll("Node's handles have no keepIdle and no userTimeout", 'net: a peer that is stopped', () => {
  it('userTimeout ends what it does not read, keepAlive does not: its host answers; abort() and close() as ever', async () => {
    const before = openSockets();
    const peer = fork(STOPPING, { serialization: 'json' });
    try {
      const [port] = (await once(peer, 'message')) as [number];
      await inLoop(async (loop) => {
        const connect = async (): Promise<Recorder> => {
          const protocol = new Recorder(loop);
          await loop.createConnection(() => protocol, { host: '127.0.0.1', port });
          return protocol;
        };
        const [idle, limited, aborted, closed] = await Promise.all([
          connect(),
          connect(),
          connect(),
          connect(),
        ]);
        const probed = idle.transport.getExtraInfo('socket');
        probed.setOption('keepAlive', true);
        probed.setOption('keepIdle', 1);
        probed.setOption('keepInterval', 1);
        probed.setOption('keepCount', 1);
        limited.transport.getExtraInfo('socket').setOption('userTimeout', 2.2); // longer than it takes to give up an idle one
        peer.kill('SIGSTOP');
        for (const each of [limited, aborted, closed]) each.transport.write(Buffer.alloc(20_000_000));
        closed.transport.close();
        aborted.transport.abort();
        expect(await aborted.lost).to.equal(null);
        expect(await limited.lost).to.include({ code: 'ETIMEDOUT' });
        expect([idle.state, closed.state]).to.deep.equal(['connected', 'connected']);
        expect(closed.transport.getWriteBufferSize()).to.be.greaterThan(0);
        peer.kill('SIGCONT');
        expect(await closed.lost).to.equal(null); // all is sent
        idle.transport.close();
        await idle.lost;
      });
    } finally {
      peer.kill('SIGKILL');
      await once(peer, 'exit');
    }
    expect(openSockets()).to.equal(before);
  })
    .timeout(20_000)
    .slow(10_000);
});
