import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { getRunningLoop, LoopGroup, openConnection, run, serveHttp, SslError } from 'ringloop';
import { certificates } from '../../net/tls/certificates.js';
import { missing, titled } from '../../net/peers/programs.js';
import { rejection } from '../../rejection.js';
import { plain } from '../fixtures/http-apps.js';
import { makeEcho } from '../fixtures/served.js';
import { addressOf, leavingNoSockets } from './client.js';

const local = { host: '127.0.0.1', port: 0 };
const noCurl = missing('curl');

describe('ringloop/tls', () => {
  it(titled('serveHttp() serves https to curl, from each loop of a group', noCurl), function () {
    if (noCurl !== null) this.skip();
    const folder = mkdtempSync(join(tmpdir(), 'ringloop-https-'));
    const ca = join(folder, 'ca.pem');
    writeFileSync(ca, certificates().ca);
    return run(() =>
      leavingNoSockets(async () => {
        await using group = await LoopGroup.spawn({ loops: 2 });
        const ssl = certificates().server;
        const service = await serveHttp(group, plain, { ...local, distribute: 'round-robin', ssl });
        const url = `https://localhost:${service.port}/`;
        const curl = async (...args: string[]): Promise<string> =>
          (await promisify(execFile)('curl', ['-sS', '--ipv4', ...args, url], { timeout: 20_000 })).stdout;
        const names = [await curl('--cacert', ca), await curl('--cacert', ca, '--tls-max', '1.2')];
        expect(names.sort()).to.deep.equal(['loop-0', 'loop-1']);
        expect(await rejection(curl())).to.include({ code: 60 }); // it does not know the authority
        await service.close();
      }),
    ).finally(() => rmSync(folder, { recursive: true }));
  }).slow(3000);

  it('createServer() with a group encrypts in each loop, and ends handshakes that stall', () =>
    run(() =>
      leavingNoSockets(async () => {
        const { ca, server: ssl } = certificates();
        await using group = await LoopGroup.spawn({ loops: 2 });
        await using server = await getRunningLoop().createServer(makeEcho, {
          ...local,
          group,
          distribute: 'round-robin',
          ssl,
        });
        const { port } = addressOf(server);
        const names: string[] = [];
        for (let i = 0; i < 2; i++) {
          const [reader, writer] = await openConnection({ host: '127.0.0.1', port, ssl: { ca } });
          names.push((await reader.readline()).toString().trimEnd());
          writer.write(Buffer.from('hello'));
          expect((await reader.readexactly(5)).toString()).to.equal('hello');
          writer.close();
          await writer.waitClosed();
        }
        expect(names.sort()).to.deep.equal(['loop-0', 'loop-1']);
        const error = await rejection(openConnection({ host: '127.0.0.1', port, ssl: true }));
        expect(error).to.be.instanceOf(SslError);
        await using impatient = await getRunningLoop().createServer(makeEcho, {
          ...local,
          group,
          ssl,
          sslHandshakeTimeout: 0.05,
        });
        const silent = net.connect(addressOf(impatient).port, '127.0.0.1').on('error', () => undefined);
        await once(silent, 'close');
      }),
    )).slow(3000);

  it('a loop that dies closes its connections, and those in their handshake', () =>
    run(() =>
      leavingNoSockets(async () => {
        const { ca, server: ssl } = certificates();
        await using group = await LoopGroup.spawn({ loops: 1, onExit: () => undefined });
        await using server = await getRunningLoop().createServer(makeEcho, { ...local, group, ssl });
        const { port } = addressOf(server);
        const half = net.connect(port, '127.0.0.1').on('error', () => undefined);
        half.write(Buffer.from('16030100c8010000c40303', 'hex'));
        const cut = once(half, 'close');
        const [reader, writer] = await openConnection({ host: '127.0.0.1', port, ssl: { ca } });
        await reader.readline();
        writer.write(Buffer.from('die'));
        await cut;
        await reader.read().catch(() => undefined); // a reset, or an end: in either case it is not open any more
        expect(reader.atEof() || reader.exception() !== null).to.equal(true);
        writer.close();
        await writer.waitClosed().catch(() => undefined);
      }),
    )).slow(3000);

  it('refuses what cannot be sent to other threads', () =>
    run(async () => {
      await using group = await LoopGroup.spawn({ loops: 1 });
      const { server: own } = certificates();
      for (const ssl of [createSecureContext(own), { ...own, SNICallback: () => undefined }]) {
        const error = await rejection(serveHttp(group, plain, { ...local, ssl }));
        expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_VALUE');
        expect(error.message).to.match(/^With a group, ssl must be options without functions/);
      }
    })).slow(2000);
});
