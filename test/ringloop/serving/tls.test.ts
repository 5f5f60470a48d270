import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { createSecureContext } from 'node:tls';
import { expect } from 'chai';
import { getRunningLoop, LoopGroup, type Protocol, run, serveHttp, type SocketAddress } from 'ringloop';
import { certificates } from '../../net/tls/certificates.js';
import { rejection } from '../../rejection.js';
import { plain } from '../fixtures/http-apps.js';
import { makeEcho } from '../fixtures/served.js';
import { leavingNoSockets } from './client.js';

const local = { host: '127.0.0.1', port: 0 };
const hasCurl = spawnSync('curl', ['--version']).error === undefined;

describe('ringloop/serving with TLS', () => {
  it('serveHttp() answers HTTPS in all loops, and drains', () =>
    run(() =>
      leavingNoSockets(async () => {
        const { ca, server: ssl } = certificates();
        await using group = await LoopGroup.spawn({ loops: 2 });
        await using service = await serveHttp(group, plain, { ...local, ssl });
        for (let count = 0; count < 4; count++) {
          const asking = request({ host: '127.0.0.1', port: service.port, ca, agent: false });
          asking.end();
          const [response] = (await once(asking, 'response')) as [IncomingMessage];
          expect(response.statusCode).to.equal(200);
          await text(response);
        }
        const clear = connect(service.port, '127.0.0.1'); // one that does not know
        clear.on('error', () => undefined);
        clear.write('GET / HTTP/1.1\r\n\r\n');
        clear.resume();
        await once(clear, 'close');
        expect(service.statistics().map(({ served }) => served > 0)).to.deep.equal([true, true]);
      }),
    ));

  (hasCurl ? it : it.skip)('serveHttp() answers curl, which checks the certificate', () =>
    run(async () => {
      const { ca, server: ssl } = certificates();
      await using group = await LoopGroup.spawn({ loops: 1 });
      await using service = await serveHttp(group, plain, { ...local, ssl });
      const folder = mkdtempSync(join(tmpdir(), 'ringloop-ca-'));
      const caFile = join(folder, 'ca.pem');
      writeFileSync(caFile, ca);
      const ask = async (...args: string[]): Promise<number> => {
        const child = spawn(
          'curl',
          ['-sS', '-o', '/dev/null', ...args, `https://127.0.0.1:${service.port}/`],
          {
            stdio: 'ignore',
          },
        );
        const [code] = (await once(child, 'exit')) as [number];
        return code;
      };
      expect(await ask('--cacert', caFile)).to.equal(0);
      expect(await ask()).to.equal(60); // the certificate is not trusted
      rmSync(folder, { recursive: true });
    }),
  );

  it('createServer() with a group encrypts the connections of protocols', () =>
    run(async () => {
      const { ca, server: ssl } = certificates();
      const loop = getRunningLoop();
      await using group = await LoopGroup.spawn({ loops: 2 });
      await using server = await loop.createServer(makeEcho, { ...local, group, ssl });
      const { port } = server.sockets?.[0]?.getsockname() as SocketAddress;
      const answered = loop.createFuture<undefined>();
      let answer = '';
      const client: Protocol = {
        dataReceived: (data) => {
          answer += data.toString();
          if (answer.endsWith('secret')) answered.setResult(undefined);
        },
      };
      const [transport] = await loop.createConnection(() => client, { host: '127.0.0.1', port, ssl: { ca } });
      transport.write(Buffer.from('secret'));
      await answered;
      expect(answer).to.match(/^loop-\d\nsecret$/);
      transport.close();
    }));

  it('refuses what cannot be sent to the loops', () =>
    run(async () => {
      const { server: own } = certificates();
      await using group = await LoopGroup.spawn({ loops: 1 });
      for (const ssl of [createSecureContext(own), { ...own, SNICallback: () => undefined }]) {
        const error = await rejection(serveHttp(group, plain, { ...local, ssl }));
        expect(error).to.be.instanceOf(TypeError).with.property('code', 'ERR_INVALID_ARG_VALUE');
        expect(error.message).to.match(/^With a group, ssl must be options without functions/);
      }
    }));
});
