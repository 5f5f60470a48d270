/** Peers that somebody else has written: the openssl command, and asyncio. For curl see test/ringloop/serving/tls.test.ts. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { findPython } from '../../differential/oracle.js';
import { inLoop } from '../in-loop.js';
import { titled } from '../peers/programs.js';
import { Recorder } from '../recorder.js';
import { certificates } from './certificates.js';
import { portOf } from './port-of.js';

const LOCAL = { host: '127.0.0.1', port: 0 };
// The compiled file is in build/test/net/tls/.
const PYTHON_PEER = fileURLToPath(new URL('../../../../test/net/tls/peer.py', import.meta.url));

const python = findPython();
const noPython = typeof python === 'string' ? python : null;

/** Where the programs find the certificates. */
let folder = '';

/** Resolves with what it has said once that matches. */
async function said(program: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<RegExpExecArray> {
  let all = '';
  for await (const line of createInterface({ input: program.stdout })) {
    all += `${line}\n`;
    const match = pattern.exec(all);
    if (match !== null) return match;
  }
  throw new Error(`It has ended without ${String(pattern)}: ${all}`);
}

function openssl(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn('openssl', args, { cwd: folder });
}

function pythonPeer(side: 'server' | 'client', port = 0): ChildProcessWithoutNullStreams {
  const command = typeof python === 'string' ? python : python.command;
  return spawn(command, ['-B', PYTHON_PEER, side, String(port)], { cwd: folder });
}

describe('net/tls: peers', () => {
  before(() => {
    const { ca, server } = certificates();
    folder = mkdtempSync(join(tmpdir(), 'ringloop-tls-peers-'));
    for (const [name, pem] of Object.entries({
      'ca.pem': ca,
      'key.pem': server.key,
      'cert.pem': server.cert,
    }))
      writeFileSync(join(folder, name), pem);
  });

  after(() => {
    rmSync(folder, { recursive: true });
  });

  for (const version of ['-tls1_2', '-tls1_3']) {
    it(`openssl s_client ${version} trusts a server of ours, and gets what was sent before the end`, () =>
      inLoop(async (loop) => {
        const S = new Recorder(loop, {
          onData: (data, transport) => {
            transport.write(Buffer.alloc(300_000, data));
            transport.close();
          },
        });
        const server = await loop.createServer(() => S, { ...LOCAL, ssl: certificates().server });
        const at = ['-connect', `127.0.0.1:${portOf(server)}`, '-verify_hostname', 'localhost'];
        const client = openssl(
          's_client',
          ...at,
          '-CAfile',
          'ca.pem',
          '-verify_return_error',
          '-quiet',
          version,
        );
        client.stderr.resume();
        client.stdin.write('hello\n');
        expect(await text(client.stdout)).to.equal('hello\n'.repeat(50_000));
        expect(await S.lost).to.equal(null);
        server.close();
        await server.waitClosed();
      })).slow(2000);
  }

  it('openssl s_server answers a client of ours', () =>
    inLoop(async (loop) => {
      const own = ['-key', 'key.pem', '-cert', 'cert.pem'];
      const server = openssl('s_server', '-accept', '127.0.0.1:0', ...own, '-rev');
      server.stderr.resume();
      const [, port] = await said(server, /^ACCEPT .*:(\d+)$/m);
      const [transport, C] = await loop.createConnection(() => new Recorder(loop), {
        host: '127.0.0.1',
        port: Number(port),
        ssl: { ca: certificates().ca },
      });
      transport.write(Buffer.from('hello\n'));
      await C.received(6);
      expect(C.text).to.equal('olleh\n');
      transport.close();
      await C.lost;
      server.kill();
      await once(server, 'close');
    })).slow(2000);

  it('openssl s_client gets no renegotiation, which TLS 1.2 has', () =>
    inLoop(async (loop) => {
      const S = new Recorder(loop, { onData: (data, transport) => transport.write(data) });
      const server = await loop.createServer(() => S, { ...LOCAL, ssl: certificates().server });
      const client = openssl('s_client', '-connect', `127.0.0.1:${portOf(server)}`, '-tls1_2');
      client.stderr.resume();
      client.stdout.resume();
      client.stdin.on('error', () => undefined);
      client.stdin.write('hello\n');
      await S.received(6);
      client.stdin.write('R\n');
      expect(await S.lost).to.include({ name: 'SslError', code: 'ERR_TLS_RENEGOTIATION_DISABLED' });
      await once(client, 'close');
      server.close();
      await server.waitClosed();
    })).slow(2000);

  it('openssl s_client gets new keys, which TLS 1.3 has', () =>
    inLoop(async (loop) => {
      const S = new Recorder(loop, { onData: (data, transport) => transport.write(data) });
      const server = await loop.createServer(() => S, { ...LOCAL, ssl: certificates().server });
      const client = openssl('s_client', '-connect', `127.0.0.1:${portOf(server)}`, '-tls1_3');
      client.stderr.resume();
      client.stdout.resume();
      client.stdin.write('hello\n');
      await S.received(6);
      const updating = once(client.stderr, 'data');
      client.stdin.write('K\n'); // a new key on both sides
      await updating;
      client.stdin.write('again\n');
      await S.received(12);
      expect(S.text).to.equal('hello\nagain\n');
      client.stdin.end('Q\n');
      expect(await S.lost).to.equal(null);
      server.close();
      await server.waitClosed();
    })).slow(2000);

  it(titled('asyncio: a client upgrades, asks and ends', noPython), function () {
    if (noPython !== null) this.skip();
    return inLoop(async (loop) => {
      const ssl = certificates().server;
      const lost = loop.createFuture<undefined>();
      const S = new Recorder(loop, { onData: (data, transport) => transport.write(data) });
      const upgrading = await loop.createServer(
        () => ({
          connectionMade: (transport: Parameters<Recorder['connectionMade']>[0]) => {
            transport.write(Buffer.from('go\n'));
            loop.createTask(async () => {
              S.connectionMade(await loop.startTls(transport, S, ssl, { serverSide: true }));
              lost.setResult(undefined);
            });
          },
        }),
        LOCAL,
      );
      const peer = pythonPeer('client', portOf(upgrading));
      peer.stderr.pipe(process.stderr);
      expect(await text(peer.stdout)).to.equal('hello\nTLSv1.3 localhost\n');
      await lost;
      expect(await S.lost).to.equal(null);
      expect(S.log).to.deep.equal(['made', 'data hello\n', 'eof', 'lost null']);
      upgrading.close();
      await upgrading.waitClosed();
    });
  }).slow(3000);

  it(titled('asyncio: a server tells the same events as ours', noPython), function () {
    if (noPython !== null) this.skip();
    return inLoop(async (loop) => {
      const { ca, server: ssl } = certificates();
      const play = async (port: number): Promise<Recorder> => {
        const options = { host: '127.0.0.1', port, ssl: { ca } };
        const [transport, C] = await loop.createConnection(() => new Recorder(loop), options);
        transport.write(Buffer.from('hello\n'));
        await C.received(6);
        transport.close();
        await C.lost;
        return C;
      };
      const peer = pythonPeer('server');
      peer.stderr.pipe(process.stderr);
      const lines = createInterface({ input: peer.stdout })[Symbol.asyncIterator]();
      const port = Number((await lines.next()).value);
      const withTheirs = (await play(port)).log;
      const theirs = JSON.parse(String((await lines.next()).value)) as string[];
      await once(peer, 'close');

      const S = new Recorder(loop, { onData: (data, transport) => transport.write(data) });
      const server = await loop.createServer(() => S, { ...LOCAL, ssl });
      const withOurs = (await play(portOf(server))).log;
      await S.lost;
      expect(S.log).to.deep.equal(theirs);
      expect(withOurs).to.deep.equal(withTheirs);
      server.close();
      await server.waitClosed();
    });
  }).slow(3000);
});
