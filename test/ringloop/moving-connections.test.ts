import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import {
  type DetachedConnection,
  EventLoop,
  getRunningLoop,
  LoopGroup,
  PeerExitedError,
  type Protocol,
  run,
  Socket,
  sleep,
  type StreamTransport,
} from 'ringloop';
import { openDescriptors } from '../net/descriptors.js';
import { rejection, thrownBy } from '../rejection.js';
import { bounce, dieWith, look, settle, spin, wanderOn } from './fixtures/wandering.js';

/** A connection that no transport has, and its peer. */
async function detached(
  onReturn?: (connection: DetachedConnection) => void,
): Promise<[DetachedConnection, Socket]> {
  const [ours, peer] = Socket.socketpair();
  const [transport] = await getRunningLoop().connectAcceptedSocket(() => ({}), ours);
  return [transport.detach(onReturn === undefined ? {} : { onReturn }), peer];
}

async function echoes(peer: Socket, text = 'hello'): Promise<void> {
  const loop = getRunningLoop();
  await loop.sockSendall(peer, Buffer.from(text));
  let got = '';
  while (got.length < text.length) {
    const data = await loop.sockRecv(peer, 100);
    if (data.length === 0) throw new Error('closed');
    got += data.toString();
  }
  expect(got).to.equal(text);
}

async function isClosedBy(peer: Socket): Promise<void> {
  const data = await getRunningLoop().sockRecv(peer, 100);
  expect(data).to.have.length(0);
  peer.close();
}

/** Lets `body` run, and waits until as many sockets are open as before. (Threads leave their eventfds to later ones.) */
async function leavingNoDescriptors(body: () => Promise<void>): Promise<void> {
  const before = sockets().length;
  await body();
  for (let tries = 500; sockets().length > before; tries--) {
    if (tries === 0) throw new Error(`left open: ${sockets().join(' ')}`);
    await sleep(0.01);
  }
}

function sockets(): string[] {
  return [...openDescriptors().values()].filter((name) => name.startsWith('socket:'));
}

const CONNECTIONS = 20;
const CHUNKS = 160; // at most WINDOW of them are read at a time: so each connection moves more than 50 times
const CHUNK_BYTES = 2_000;
const WINDOW = 3;
const MOVES = 1_000;

/** Sends a sequence in chunks, a few ahead of the echo, and checks each byte that comes back. */
class Checker implements Protocol {
  readonly done = getRunningLoop().createFuture<undefined>();
  readonly #seed: number;
  #transport: StreamTransport | null = null;
  #sent = 0;
  #checked = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  connectionMade(transport: StreamTransport): void {
    this.#transport = transport;
    this.#send();
  }

  dataReceived(data: Buffer): void {
    for (const byte of data) {
      if (byte !== this.#byteAt(this.#checked))
        throw new Error(`byte ${this.#checked} of connection ${this.#seed}`);
      this.#checked++;
    }
    this.#send();
    if (this.#checked === CHUNKS * CHUNK_BYTES) this.#transport?.close();
  }

  connectionLost(exc: Error | null): void {
    if (exc !== null) this.done.setException(exc);
    else if (this.#checked < CHUNKS * CHUNK_BYTES) this.done.setException(new Error('lost bytes'));
    else this.done.setResult(undefined);
  }

  #send(): void {
    while (this.#sent < CHUNKS && this.#sent * CHUNK_BYTES < this.#checked + WINDOW * CHUNK_BYTES) {
      const from = this.#sent++ * CHUNK_BYTES;
      this.#transport?.write(Uint8Array.from({ length: CHUNK_BYTES }, (_, i) => this.#byteAt(from + i)));
    }
  }

  /** Differs from connection to connection and does not repeat with any power of two. */
  #byteAt(position: number): number {
    return (position + Math.floor(position / 251) * 7 + this.#seed * 13) & 255;
  }
}

describe('ringloop/moving-connections', () => {
  it('DetachedConnection: wandering between loops loses, doubles and reorders no byte', () =>
    run(() =>
      leavingNoDescriptors(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 3 });
        const left = new Int32Array(new SharedArrayBuffer(4));
        left[0] = MOVES;
        let next = 0;
        const server = await loop.createServer(
          () => ({
            connectionMade: (transport: StreamTransport) => {
              const route = group.loops;
              const first = next++ % route.length;
              const rotated = [...route.slice(first), ...route.slice(0, first)];
              const [to] = rotated;
              to?.callSoonThreadsafe(wanderOn, transport.detach(), [...rotated.slice(1), to], left);
            },
          }),
          { host: '127.0.0.1', port: 0 },
        );
        const address = server.sockets?.[0]?.getsockname();
        if (typeof address !== 'object') throw new Error('no address');
        const checkers = await Promise.all(
          Array.from({ length: CONNECTIONS }, async (_, seed) => {
            const to = { host: address.address, port: address.port };
            const [, checker] = await loop.createConnection(() => new Checker(seed), to);
            return checker;
          }),
        );
        for (const checker of checkers) await checker.done;
        expect(left[0]).to.be.lessThanOrEqual(0);
        server.close();
        await server.waitClosed();
      }),
    )).timeout(60_000);

  it('DetachedConnection goes to another loop and back, with what was not sent', () =>
    run(() =>
      leavingNoDescriptors(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 1 });
        const [ours, peer] = Socket.socketpair();
        const [transport] = await loop.connectAcceptedSocket(() => ({}), ours);
        const sent = Buffer.alloc(2_000_000, 'x');
        transport.write(sent);
        const moving = transport.detach();
        const unsent = moving.unsentBytes;
        expect(unsent).to.be.greaterThan(0);
        const back = await group.loop(0).runCoroutineThreadsafe(bounce, moving);
        expect(moving.state).to.equal('gone');
        expect(back.state).to.equal('here');
        expect(back.unsentBytes).to.be.greaterThan(0);
        const [again] = await loop.attachConnection(() => ({}), back);
        again.writeEof();
        let received = 0;
        for (let data = await loop.sockRecv(peer, 100_000); data.length > 0;) {
          received += data.length;
          data = await loop.sockRecv(peer, 100_000);
        }
        expect(received).to.equal(sent.length);
        peer.close();
      }),
    ));

  it('DetachedConnection can be sent within one loop', () =>
    run(async () => {
      const [moving, peer] = await detached();
      await getRunningLoop().ref().runCoroutineThreadsafe(settle, moving);
      await echoes(peer);
      expect(moving.state).to.equal('gone');
      peer.close();
    }));

  it('DetachedConnection stays usable when the call is refused', () =>
    run(() =>
      leavingNoDescriptors(async () => {
        const closed = new EventLoop();
        const ref = closed.ref();
        closed.close();
        const [moving, peer] = await detached();
        expect(await thrownBy(() => ref.callSoonThreadsafe(look, moving))).to.include({
          code: 'ERR_LOOP_CLOSED',
        });
        expect(moving.state).to.equal('here');
        await settle(moving);
        await echoes(peer);
        peer.close();
        moving.close();
      }),
    ));

  it('DetachedConnection that was sent twice is taken once', () =>
    run(() =>
      leavingNoDescriptors(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        const [moving, peer] = await detached();
        const both = group.loops.map((ref) => ref.runCoroutineThreadsafe(settle, moving));
        const outcomes = await Promise.allSettled(both);
        expect(outcomes.map(({ status }) => status).sort()).to.deep.equal(['fulfilled', 'rejected']);
        const failed = outcomes.find((outcome) => outcome.status === 'rejected');
        expect(failed?.reason).to.include({ name: 'TransportStateError', code: 'ERR_CONNECTION_GONE' });
        await echoes(peer);
        peer.close();
      }),
    ));

  it('DetachedConnection that is gone cannot be sent', () =>
    run(async () => {
      const [moving, peer] = await detached();
      moving.close();
      const thrown = (await thrownBy(() => getRunningLoop().ref().callSoonThreadsafe(look, moving))) as Error;
      expect(thrown).to.include({ code: 'ERR_NOT_CLONEABLE' });
      expect(thrown.cause).to.include({ code: 'ERR_CONNECTION_GONE' });
      await isClosedBy(peer);
    }));

  it('DetachedConnection.close() withdraws it from the way', () =>
    run(() =>
      leavingNoDescriptors(async () => {
        await using group = await LoopGroup.spawn({ loops: 1 });
        const [moving, peer] = await detached();
        const taken = group.loop(0).runCoroutineThreadsafe(settle, moving);
        moving.close();
        const outcome = await Promise.allSettled([taken]); // it may have been faster
        if (outcome[0].status === 'rejected')
          expect(outcome[0].reason).to.include({ code: 'ERR_CONNECTION_GONE' });
        else await echoes(peer);
        peer.close();
      }),
    ));

  describe('a receiver that dies', () => {
    for (const how of ['exit on arrival', 'exit when attached', 'throw', 'endless loop'] as const) {
      it(`${how}: what it has taken is closed`, () =>
        run(() =>
          leavingNoDescriptors(async () => {
            const group = await LoopGroup.spawn({ loops: 1, onExit: () => undefined });
            const [moving, peer] = await detached();
            const reached = new Int32Array(new SharedArrayBuffer(4));
            const died = rejection(group.loop(0).runCoroutineThreadsafe(dieWith, moving, how, reached));
            if (how === 'endless loop') {
              const waiting = Atomics.waitAsync(reached, 0, 0);
              if (waiting.async) await waiting.value;
              await group.close({ timeout: 0 });
            }
            expect(await died).to.be.instanceOf(PeerExitedError);
            expect(moving.state).to.equal('gone');
            await isClosedBy(peer);
            await group.close();
          }),
        ));
    }

    it('before it takes the connection: it comes back and goes on here', () =>
      run(() =>
        leavingNoDescriptors(async () => {
          const loop = getRunningLoop();
          const group = await LoopGroup.spawn({ loops: 1, onExit: () => undefined });
          const returned = loop.createFuture<DetachedConnection>();
          const [moving, peer] = await detached((connection) => returned.setResult(connection));
          group.loop(0).callSoonThreadsafe(spin);
          const died = rejection(group.loop(0).runCoroutineThreadsafe(settle, moving));
          expect(moving.state).to.equal('in flight');
          await group.close({ timeout: 0 });
          expect(await died).to.be.instanceOf(PeerExitedError);
          expect(await returned).to.equal(moving);
          expect(moving.state).to.equal('here');
          await settle(moving);
          await echoes(peer);
          peer.close();
        }),
      ));

    it('before it takes the connection: without onReturn it is closed', () =>
      run(() =>
        leavingNoDescriptors(async () => {
          const group = await LoopGroup.spawn({ loops: 1, onExit: () => undefined });
          const [moving, peer] = await detached();
          group.loop(0).callSoonThreadsafe(spin);
          group.loop(0).callSoonThreadsafe(wanderOn, moving, [], new Int32Array(new SharedArrayBuffer(4)));
          await group.close({ timeout: 0 });
          await isClosedBy(peer);
          expect(moving.state).to.equal('gone');
        }),
      ));

    it('many at a time: each is served, closed or comes back, and none is left open', () =>
      run(() =>
        leavingNoDescriptors(async () => {
          for (let round = 0; round < 5; round++) {
            const group = await LoopGroup.spawn({ loops: 2, onExit: () => undefined });
            const peers: Socket[] = [];
            for (let i = 0; i < 60; i++) {
              const [moving, peer] = await detached();
              peers.push(peer);
              group.next().callSoonThreadsafe(wanderOn, moving, [], new Int32Array(new SharedArrayBuffer(4)));
            }
            await group.close({ timeout: 0 });
            await Promise.all(peers.map(isClosedBy));
          }
        }),
      ));

    it('a cancelled call gives the connection back', () =>
      run(() =>
        leavingNoDescriptors(async () => {
          const loop = getRunningLoop();
          const returned = loop.createFuture<DetachedConnection>();
          const [moving, peer] = await detached((connection) => returned.setResult(connection));
          const handle = loop.ref().callSoonThreadsafe(wanderOn, moving, [], new Int32Array(1));
          handle.cancel();
          expect(await returned).to.equal(moving);
          moving.close();
          await isClosedBy(peer);
        }),
      ));
  });
});

describe('a process without descriptors', () => {
  it('leaves a connection with its sender, and a server of a group accepts again later', async () => {
    const program = fileURLToPath(new URL('./fixtures/no-descriptors.js', import.meta.url));
    // Importing ringloop alone needs 200: Node opens modules side by side.
    const limited = ['-c', 'ulimit -n 500 && exec "$0" "$@"', process.execPath, program];
    const { stdout } = await promisify(execFile)('/bin/sh', limited);
    expect(stdout.trim().split('\n')).to.deep.equal([
      'moved: EMFILE, then here',
      'hello',
      '0 left: served: false, socket.accept() out of system resource',
      'loop-0',
      '1 left: served: false, socket.accept() out of system resource',
      'loop-0',
    ]);
  });
});
