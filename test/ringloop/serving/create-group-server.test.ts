import { inspect } from 'node:util';
import { expect } from 'chai';
import {
  type Distribute,
  type ExceptionContext,
  getRunningLoop,
  LoopGroup,
  RemoteFunctionError,
  remote,
  run,
  Server,
  sleep,
  Socket,
} from 'ringloop';
import { rejection } from '../../rejection.js';
import { dieWhenAsked, makeEcho, makeNothing } from '../fixtures/served.js';
import { addressOf, Client, leavingNoSockets } from './client.js';

const local = { host: '127.0.0.1', port: 0 };

async function clientsOf(server: Server, count: number): Promise<Client[]> {
  const clients: Client[] = [];
  for (let i = 0; i < count; i++) clients.push(await Client.to(server));
  return clients;
}

async function namesOf(clients: readonly Client[]): Promise<string[]> {
  const names: string[] = [];
  for (const client of clients) names.push(await client.loopName());
  return names.sort();
}

describe('ringloop/create-group-server', () => {
  for (const distribute of ['round-robin', 'least-busy', 'shared', 'reuse-port'] as const) {
    it(`createServer() with a group serves one port in its loops: ${distribute}`, () =>
      run(() =>
        leavingNoSockets(async () => {
          const loop = getRunningLoop();
          await using group = await LoopGroup.spawn({ loops: 3 });
          const server = await loop.createServer(makeEcho, { ...local, group, distribute });
          expect(server).to.be.instanceOf(Server);
          expect(server.isServing()).to.equal(true);
          const clients = await clientsOf(server, 12);
          const names = await namesOf(clients);
          if (distribute === 'round-robin' || distribute === 'least-busy') {
            const each = (name: string): string[] => [name, name, name, name];
            expect(names).to.deep.equal([...each('loop-0'), ...each('loop-1'), ...each('loop-2')]);
          } else for (const name of names) expect(name).to.match(/^loop-[012]$/);
          for (const client of clients) expect(await client.echo('hello')).to.equal('hello');

          server.close();
          expect(server.sockets).to.equal(null);
          const waited = loop.createTask(() => server.waitClosed());
          for (const client of clients) expect(await client.echo('!')).to.equal('hello!');
          expect(waited.done()).to.equal(false);
          for (const client of clients) client.close();
          await waited;
        }),
      ));

    it(`Server.closeClients() and abortClients() reach all loops: ${distribute}`, () =>
      run(() =>
        leavingNoSockets(async () => {
          const loop = getRunningLoop();
          await using group = await LoopGroup.spawn({ loops: 2 });
          await using server = await loop.createServer(makeEcho, { ...local, group, distribute });
          for (const end of ['closeClients', 'abortClients'] as const) {
            const clients = await clientsOf(server, 4);
            await namesOf(clients);
            server[end]();
            for (const client of clients) expect(await client.lost).to.equal(null);
          }
        }),
      ));

    it(`a loop that dies: others serve on, and its successor again: ${distribute}`, () =>
      run(() =>
        leavingNoSockets(async () => {
          const loop = getRunningLoop();
          const restarted = loop.createFuture<undefined>();
          await using group = await LoopGroup.spawn({
            loops: 2,
            restart: true,
            onExit: () => undefined,
            onRestart: () => restarted.setResult(undefined),
          });
          await using server = await loop.createServer(makeEcho, { ...local, group, distribute });
          const clients = await clientsOf(server, 8);
          await namesOf(clients);
          const [first] = clients;
          const dead = await first?.loopName();
          first?.send('die');
          for (const client of clients) {
            if ((await client.loopName()) === dead) await client.lost;
            else expect(await client.echo('still')).to.equal('still');
          }
          const meanwhile = await clientsOf(server, 4);
          for (const client of meanwhile) expect(await client.echo('served')).to.equal('served');
          await restarted;
          const names = new Set<string>();
          while (!names.has(dead ?? '')) {
            const client = await Client.to(server);
            names.add(await client.loopName());
            client.close();
          }
          server.closeClients();
        }),
      )).timeout(60_000);
  }

  it('least-busy gives a connection to the loop that has the fewest', () =>
    run(async () => {
      const loop = getRunningLoop();
      await using group = await LoopGroup.spawn({ loops: 2 });
      const options = { ...local, group, distribute: 'least-busy' } as const;
      await using server = await loop.createServer(makeEcho, options);
      const clients = await clientsOf(server, 6);
      const kept: Client[] = [];
      for (const client of clients) {
        if ((await client.loopName()) === 'loop-0') kept.push(client);
        else client.close();
      }
      for (const client of clients) if (!kept.includes(client)) await client.lost;
      expect(kept).to.have.length(3);
      // The counts in shared memory change just after the peer has seen the end.
      while (!inspect(server).endsWith('connections=3>')) await sleep(0.01);
      const next = await clientsOf(server, 3);
      expect(await namesOf(next)).to.deep.equal(['loop-1', 'loop-1', 'loop-1']);
      server.closeClients();
    }));

  it('connections on their way to a loop that dies go to another', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 2, onExit: () => undefined });
        await using server = await loop.createServer(makeEcho, { ...local, group });
        const flag = new Int32Array(new SharedArrayBuffer(4));
        group.loop(0).callSoonThreadsafe(dieWhenAsked, flag);
        const clients = await clientsOf(server, 6); // three of them are on their way to the blocked loop
        while (!inspect(server).endsWith('connections=6>')) await sleep(0.01);
        Atomics.store(flag, 0, 1);
        Atomics.notify(flag, 0);
        expect(new Set(await namesOf(clients))).to.deep.equal(new Set(['loop-1']));
        server.closeClients();
      }),
    ));

  it('startServing: false accepts nothing before startServing()', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 1 });
        for (const distribute of ['round-robin', 'shared', 'reuse-port'] as const) {
          const options = { ...local, group, distribute, startServing: false };
          await using server = await loop.createServer(makeEcho, options);
          expect(await rejection(Client.to(server))).to.include({ code: 'ECONNREFUSED' });
          await server.startServing();
          const client = await Client.to(server);
          expect(await client.loopName()).to.equal('loop-0');
          client.close();
        }
      }),
    ));

  it('a factory that throws closes the connection, and only that', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 1 });
        await using server = await loop.createServer(makeNothing, { ...local, group });
        for (const client of await clientsOf(server, 3)) expect(await client.lost).to.equal(null);
      }),
    ));

  it('createServer() with a group leaves nothing open when it cannot serve', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        const reports: ExceptionContext[] = [];
        loop.setExceptionHandler((_loop, context) => void reports.push(context));
        const group = await LoopGroup.spawn({ loops: 2 });
        const lost = remote('file:///nowhere/at/all.js', function lost() {
          return {};
        });
        for (const distribute of ['round-robin', 'shared', 'reuse-port', 'least-busy'] as const) {
          const options = { ...local, group, distribute };
          expect(await rejection(loop.createServer(lost, options))).to.be.instanceOf(RemoteFunctionError);
          expect(await rejection(loop.createServer((() => ({})) as never, options))).to.be.instanceOf(
            RemoteFunctionError,
          );
        }
        const wrong = { ...local, group, distribute: 'fair' as Distribute };
        expect(await rejection(loop.createServer(makeEcho, wrong))).to.include({
          code: 'ERR_INVALID_ARG_VALUE',
        });
        const nobody = { ...local, group: null as never };
        expect(await rejection(loop.createServer(makeEcho, nobody))).to.include({
          code: 'ERR_INVALID_ARG_TYPE',
        });
        const taken = await loop.createServer(makeEcho, { ...local, group });
        const again = { host: '127.0.0.1', port: addressOf(taken).port, group };
        expect(await rejection(loop.createServer(makeEcho, again))).to.include({ code: 'EADDRINUSE' });
        const bound = new Socket();
        bound.bind({ host: '127.0.0.1', port: 0 });
        expect(
          await rejection(
            loop.createServer(makeEcho, { sock: bound, group, distribute: 'reuse-port' } as never),
          ),
        ).to.include({ code: 'ERR_INVALID_ARG_VALUE' });
        bound.close();
        taken.close();
        await group.close();
        const ended = await rejection(loop.createServer(makeEcho, { ...local, group }));
        expect((ended as { code?: string }).code).to.be.oneOf(['ERR_PEER_EXITED', 'ERR_LOOP_CLOSED']);
        expect(reports).to.deep.equal([]);
      }),
    ));

  it('createServer() with a group, cancelled in any iteration, leaves nothing open', () =>
    run(() =>
      leavingNoSockets(async () => {
        const loop = getRunningLoop();
        await using group = await LoopGroup.spawn({ loops: 2 });
        for (let steps = 0; steps < 12; steps++) {
          const task = loop.createTask(() => loop.createServer(makeEcho, { ...local, group }));
          for (let i = 0; i < steps; i++) await new Promise((resolve) => setImmediate(resolve));
          task.cancel();
          await task.then(
            (server) => server.close(),
            () => undefined,
          );
        }
      }),
    ));
});
