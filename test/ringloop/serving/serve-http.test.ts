import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { inspect, promisify } from 'node:util';
import { expect } from 'chai';
import {
  EventLoop,
  getRunningLoop,
  type HttpService,
  LoopGroup,
  remote,
  RemoteFunctionError,
  run,
  serveHttp,
} from 'ringloop';
import { WebSocket } from 'ws';
import { rejection, thrownBy } from '../../rejection.js';
import { closesBadly, failing, impatient, listening, plain, wrong } from '../fixtures/http-apps.js';
import { aFastify, anExpress, aWebSocket, countClosed } from '../fixtures/http-frameworks.js';
import { leavingNoSockets } from './client.js';

const local = { host: '127.0.0.1', port: 0 };

interface Asked {
  readonly agent?: Agent;
  readonly method?: string;
  readonly body?: string;
}

async function respond(service: HttpService, path: string, asked: Asked = {}): Promise<IncomingMessage> {
  const { agent = false, method = 'GET', body } = asked; // Node's own agent would use one connection again
  const { port } = service;
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const asking = request({ host: '127.0.0.1', port, path, method, headers, agent });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return response;
}

async function get(service: HttpService, path = '/', asked: Asked = {}): Promise<string> {
  return text(await respond(service, path, asked));
}

/** Resolves with the error of a request that is cut off. */
function failure(service: HttpService, path: string): Promise<Error & Record<string, unknown>> {
  return rejection(get(service, path));
}

const hasWrk = spawnSync('wrk', ['--version']).error === undefined;

describe('ringloop/serve-http', () => {
  for (const distribute of ['round-robin', 'least-busy', 'shared', 'reuse-port'] as const) {
    it(`serveHttp() answers in the loops of a group, and leaves nothing: ${distribute}`, () =>
      run(() =>
        leavingNoSockets(async () => {
          await using group = await LoopGroup.spawn({ loops: 2 });
          const service = await serveHttp(group, plain, { ...local, distribute });
          expect(service.address).to.include({ address: '127.0.0.1', port: service.port });
          const agent = new Agent({ keepAlive: true });
          const names = new Set<string>();
          for (let i = 0; i < 8; i++) names.add(await get(service, '/', i < 4 ? {} : { agent }));
          if (distribute === 'round-robin') expect([...names].sort()).to.deep.equal(['loop-0', 'loop-1']);
          const served = service.statistics().map(({ name, served: count }) => [name, count] as const);
          expect(served.map(([name]) => name)).to.deep.equal(['loop-0', 'loop-1']);
          expect(served.reduce((sum, [, count]) => sum + count, 0)).to.equal(5);
          expect(inspect(service)).to.match(
            /^<HttpService serving address=.*127\.0\.0\.1.* connections=\d>$/s,
          );
          await service.close(); // an idle connection of the agent does not hold it up
          expect(service.sockets).to.equal(null);
          expect(await failure(service, '/')).to.include({ code: 'ECONNREFUSED' });
          agent.destroy();
        }),
      ));
  }

  it('HttpService.close() cuts no answer', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        const service = await serveHttp(group, plain, local);
        const agent = new Agent({ keepAlive: true });
        const responses: IncomingMessage[] = [];
        for (let i = 0; i < 6; i++) responses.push(await respond(service, '/slow', { agent }));
        const bodies = Promise.all(responses.map((response) => text(response)));
        await service.close();
        expect(new Set(await bodies)).to.deep.equal(new Set(['half of an answer']));
        agent.destroy();
      }),
    ));

  it('HttpService.close() destroys at the end of its time what is left', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 1 });
        const service = await serveHttp(group, plain, local);
        const cut = failure(service, '/never');
        expect(await get(service)).to.equal('loop-0');
        const closed = getRunningLoop().createTask(() => service.close({ timeout: Infinity }));
        await service.close({ timeout: 0.05 });
        await closed;
        expect(await cut).to.include({ code: 'ECONNRESET' });
      }),
    ));

  it('HttpService.close() refuses a wrong time, and rejects with what an application throws', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 1 });
        const service = await serveHttp(group, closesBadly, local);
        expect(await rejection(service.close(null as never))).to.be.instanceOf(TypeError);
        expect(await rejection(service.close({ timeout: 'soon' as never }))).to.be.instanceOf(TypeError);
        expect(await rejection(service.close({ timeout: -1 }))).to.be.instanceOf(RangeError);
        expect(await rejection(service.close())).to.include({ message: 'cannot close' });
      }),
    ));

  it('serveHttp(): time limits of the server hold', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 1 });
        await using service = await serveHttp(group, impatient, local);
        const slow = connect(service.port, '127.0.0.1');
        slow.write('GET / HTTP/1.1\r\nhost: x\r\nx-slow: ');
        expect(await text(slow)).to.match(/^HTTP\/1\.1 408 /);
        slow.destroy();
      }),
    ));

  it('a loop that dies: others serve on', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2, onExit: () => undefined });
        await using service = await serveHttp(group, plain, local);
        expect(await failure(service, '/die')).to.include({ code: 'ECONNRESET' });
        const names = new Set<string>();
        for (let i = 0; i < 4; i++) names.add(await get(service, '/'));
        expect([...names]).to.deep.equal(['loop-1']);
      }),
    ));

  it('serveHttp() serves Express', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        await using service = await serveHttp(group, anExpress, local);
        const answers = [await get(service, '/hello/Ada'), await get(service, '/hello/Ada')];
        expect(answers.sort()).to.deep.equal(['hello Ada 0', 'hello Ada 1']);
        const body = JSON.stringify({ text: 'x'.repeat(1_000_000) });
        expect(JSON.parse(await get(service, '/length', { method: 'POST', body }))).to.deep.equal({
          length: 1_000_000,
        });
        expect((await respond(service, '/nowhere')).resume().statusCode).to.equal(404);
      }),
    ));

  it('serveHttp() serves Fastify, and runs its hooks when it closes', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        const closed = new Int32Array(new SharedArrayBuffer(4));
        for (const ref of group) await ref.runCoroutineThreadsafe(countClosed, closed);
        const service = await serveHttp(group, aFastify, local);
        const answers = [await get(service, '/hello/Ada'), await get(service, '/hello/Ada')];
        expect(answers.sort()).to.deep.equal(['{"hello":"Ada","index":0}', '{"hello":"Ada","index":1}']);
        await service.close();
        expect(closed[0]).to.equal(2);
      }),
    ));

  it('serveHttp() serves WebSockets, which the signal can end in peace', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 1 });
        const service = await serveHttp(group, aWebSocket, local);
        const socket = new WebSocket(`ws://127.0.0.1:${service.port}`);
        await once(socket, 'open');
        const big = Buffer.alloc(1_048_576, 'w');
        socket.send(big);
        const [data] = (await once(socket, 'message')) as [Buffer];
        expect(big.equals(data)).to.equal(true);
        const ended = once(socket, 'close');
        await service.close();
        expect((await ended)[0]).to.equal(1001);
      }),
    ));

  it('serveHttp() leaves nothing open when it cannot serve', () =>
    run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        const lost = remote('file:///nowhere/at/all/http.js', function lost() {
          return () => undefined;
        });
        expect(await rejection(serveHttp(group, failing, local))).to.be.instanceOf(RangeError);
        expect(await rejection(serveHttp(group, lost, local))).to.be.instanceOf(RemoteFunctionError);
        expect(await rejection(serveHttp(group, wrong, local))).to.include({
          code: 'ERR_INVALID_RETURN_VALUE',
        });
        expect(await rejection(serveHttp(null as never, plain, local))).to.include({
          code: 'ERR_INVALID_ARG_TYPE',
        });
        expect(await rejection(serveHttp(group, (() => undefined) as never, local))).to.be.instanceOf(
          RemoteFunctionError,
        );
        expect(await rejection(serveHttp(group, plain, {}))).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
      }),
    ));

  it('serveHttp() refuses a server that listens, and needs a running loop', async () => {
    await run(async () => {
      await using group = await LoopGroup.spawn({ loops: 1 });
      expect(await rejection(serveHttp(group, listening, local))).to.include({
        code: 'ERR_INVALID_ARG_VALUE',
      });
    });
    const loop = new EventLoop();
    expect(await thrownBy(() => serveHttp(null as never, plain, local))).to.include({
      code: 'ERR_NO_RUNNING_LOOP',
    });
    loop.close();
  });

  it('serveHttp(), cancelled in any iteration, leaves nothing open', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 2 });
        for (let steps = 0; steps < 12; steps++) {
          const task = loop.createTask(() => serveHttp(group, plain, local));
          for (let i = 0; i < steps; i++) await new Promise((resolve) => setImmediate(resolve));
          task.cancel();
          await task.then(
            (service) => service.close(),
            () => undefined,
          );
        }
      }),
    ));

  it(`serveHttp() answers all requests of wrk${hasWrk ? '' : ' (skipped: wrk is not installed)'}`, function () {
    if (!hasWrk) this.skip();
    return run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        await using service = await serveHttp(group, plain, local);
        const options = ['-t1', '-c16', '-d1s', `http://127.0.0.1:${service.port}/`];
        const { stdout } = await promisify(execFile)('wrk', options);
        expect(stdout).to.match(/[1-9]\d* requests in/);
        expect(stdout).not.to.match(/Socket errors|Non-2xx/);
      }),
    );
  });
});
