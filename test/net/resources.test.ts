import { once } from 'node:events';
import { SelectorEventLoop, Socket } from '@ringloop/net';
import { expect } from 'chai';
import { inLoop } from './in-loop.js';

const protocol = () => ({});
const kinds = (loop: SelectorEventLoop): string[] =>
  loop.resources().flatMap(({ kind }) => (kind === 'task' ? [] : [kind]));

describe('net/resources', () => {
  it('resources() lists servers and transports until they are closed', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(protocol, { host: '127.0.0.1', port: 0 });
      expect(kinds(loop)).to.deep.equal(['server']);
      const { port } = server.sockets?.[0]?.getsockname() as { port: number };
      const [transport] = await loop.createConnection(protocol, { host: '127.0.0.1', port });
      const listed = loop.resources().filter(({ kind }) => kind !== 'task');
      expect(listed.map(({ kind }) => kind)).to.include.members(['server', 'transport']);
      expect(listed.find(({ kind }) => kind === 'transport')?.name).to.match(/^<\w*Transport/);
      transport.abort();
      server.closeClients();
      server.close();
      await server.waitClosed();
      expect(kinds(loop)).to.deep.equal([]);
    }));

  it('resources() says in debug mode where a server was made', () =>
    inLoop(
      async (loop) => {
        loop.slowCallbackDuration = Infinity;
        const server = await loop.createServer(protocol, { host: '127.0.0.1', port: 0 });
        const listed = loop.resources().find(({ kind }) => kind === 'server');
        expect(listed?.sourceTraceback).to.be.a('string');
        server.close();
      },
      { debug: true },
    ));

  it('resources() lists the readers and writers that users add, but not those of servers', async function () {
    await inLoop(
      async (loop) => {
        const server = await loop.createServer(protocol, { host: '127.0.0.1', port: 0 });
        const [a, b] = Socket.socketpair();
        loop.addReader(a, function arrived() {
          // never called
        });
        loop.addWriter(b, () => undefined);
        const listed = loop.resources().filter(({ kind }) => kind === 'watcher');
        expect(listed.map(({ name }) => name)).to.deep.equal([
          `reader of fd ${a.fileno()}: <Handle arrived()>`,
          `writer of fd ${b.fileno()}: <Handle (anonymous)()>`,
        ]);
        loop.removeReader(a);
        loop.removeWriter(b);
        server.close();
        expect(kinds(loop)).to.deep.equal([]);
        a.close();
        b.close();
      },
      { net: 'epoll' },
    );
  });

  it('resources() lists a connection that is being made', () =>
    inLoop(async (loop) => {
      const server = await loop.createServer(protocol, { host: '127.0.0.1', port: 0 });
      const { port } = server.sockets?.[0]?.getsockname() as { port: number };
      const seen = new Set<string>();
      const connecting = loop.createTask(() => loop.createConnection(protocol, { host: '127.0.0.1', port }));
      const look = (): void => {
        for (const kind of kinds(loop)) seen.add(kind);
        if (!connecting.done()) loop.callSoon(look);
      };
      look();
      const [transport] = await connecting;
      expect([...seen]).to.include('connection attempt');
      expect(kinds(loop)).to.not.include('connection attempt');
      transport.abort();
      server.closeClients();
      server.close();
      await server.waitClosed();
    }));

  it('close() warns of an open server', async () => {
    const loop = new SelectorEventLoop({ name: 'left' });
    await loop.runUntilComplete(() => loop.createServer(protocol, { host: '127.0.0.1', port: 0 }));
    const warning = once(process, 'warning');
    loop.close();
    const [{ code, detail }] = (await warning) as [{ code: string; detail: string }];
    expect(code).to.equal('RINGLOOP_OPEN_RESOURCES');
    expect(detail).to.match(/^server <Server /);
  });
});
