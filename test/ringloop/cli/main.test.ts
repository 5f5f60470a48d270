import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readlinkSync, truncateSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { getRunningLoop, run } from 'ringloop';
import type { Report } from '../../../packages/ringloop/dist/cli/report.js';
import { cliUrl } from './cli-file.js';
import { TemporaryFolder } from './temporary-folder.js';

interface Ended {
  /** Or the signal that ended it. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

function start(args: readonly string[]): { child: ChildProcessWithoutNullStreams; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [fileURLToPath(cliUrl('main')), ...args]);
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: (code ?? signal) as number | string,
    ...output,
  }));
  return { child, ended };
}

const command = (...args: string[]): Promise<Ended> => start(args).ended;

/** A message for people, and no stack trace. */
function expectFailure(ended: Ended, message: RegExp): void {
  expect(ended.stderr)
    .to.match(message)
    .and.not.match(/\n\s+at /);
  expect(ended).to.include({ code: 2, stdout: '' });
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when somebody listens on the port. */
async function untilServed(port: number): Promise<void> {
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return;
    } catch {
      await delay(10); // not yet
    } finally {
      socket.destroy();
    }
  }
}

/** Resolves when the process has the file open. */
async function untilOpened(child: ChildProcess, file: string): Promise<void> {
  const folder = `/proc/${child.pid ?? 0}/fd`;
  const opened = (): boolean => readdirSync(folder).some((fd) => linkTarget(join(folder, fd)) === file);
  while (!opened()) await delay(10);
}

function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null; // closed in the meantime
  }
}

describe('ringloop/cli/main', function () {
  this.slow(3000);
  let folder: TemporaryFolder;
  beforeEach(() => {
    folder = new TemporaryFolder({
      empty: '',
      'small.txt': 'small',
      'inside/text': 'once upon a time '.repeat(1000),
      'inside/zeros': Buffer.alloc(1_000_000),
    });
  });
  afterEach(() => folder.remove());

  /** Sparse files that take long. */
  const fillWithLarge = (sizeBytes: number, files: number): void => {
    for (let i = 0; i < files; i++) truncateSync(folder.write(`large-${i}`, ''), sizeBytes);
  };

  it('main --json prints one object about all files and loops', async () => {
    const { code, stdout, stderr } = await command('--dir', folder.path, '--loops', '3', '--json');
    expect(stderr).to.equal('');
    const report = JSON.parse(stdout) as Report;
    expect(report).to.include({ ok: true, interrupted: false, files: 4, bytes: 1_017_005, mismatches: 0 });
    expect(report.loops.map(({ name }) => name)).to.deep.equal(['serve-0', 'serve-1', 'serve-2']);
    const sum = (value: (loop: Report['loops'][number]) => number): number =>
      report.loops.reduce((total, loop) => total + value(loop), 0);
    expect(sum((loop) => loop.files)).to.equal(4);
    expect(sum((loop) => loop.bytes)).to.equal(1_017_005);
    expect(sum((loop) => loop.executorTasks)).to.equal(7); // three blocks of one, and the four pieces of the large one
    expect(sum((loop) => loop.callsSent)).to.equal(4);
    expect(report.main).to.include({ callsReceived: 4, callsSent: 10 }); // prepare, start and stop three services, and the client
    expect(report.crossThreadCalls).to.equal(14);
    expect(report.seconds).to.be.greaterThan(0);
    expect(code).to.equal(0);
  });

  it('main prints a table and totals', async () => {
    const { code, stdout, stderr } = await command('--dir', folder.path, '--loops', '2', '--host', '::1');
    expect(stdout).to.match(/^loop +files +bytes +calls sent +calls received +executor tasks +utilisation\n/);
    expect(stdout).to.match(
      /\nserve-1 .*\nclient .*\nmain .*\n\n4 files, 1\.0 MB in .* files\/s, .* MB\/s\n/,
    );
    expect(stdout).to.match(/\nmismatches: 0\n$/);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('main --http serves and asks by HTTP', async () => {
    const { code, stdout, stderr } = await command('--dir', folder.path, '--loops', '2', '--http', '--json');
    expect(stderr).to.equal('');
    const report = JSON.parse(stdout) as Report;
    expect(report).to.include({ ok: true, files: 4, bytes: 1_017_005, mismatches: 0 });
    expect(report.loops.reduce((sum, { files, executorTasks }) => sum + files + executorTasks, 0)).to.equal(
      11,
    );
    expect(code).to.equal(0);
  });

  it('main --http answers strangers, and refuses what is no file', async () => {
    const port = await freePort();
    fillWithLarge(16_000_000, 4);
    const { ended } = start(['--dir', folder.path, '--port', `${port}`, '--http', '--json']);
    await untilServed(port);
    const url = `http://127.0.0.1:${port}`;
    const ask = async (path: string, init: RequestInit): Promise<[number, string]> => {
      const response = await fetch(url + path, init);
      return [response.status, await response.text()];
    };
    const [status, text] = await ask('/digest', { method: 'PUT', body: 'small' });
    expect(status).to.equal(200);
    const sha256 = createHash('sha256').update('small').digest('hex');
    expect(JSON.parse(text)).to.deep.include({ sha256, bytes: 5 });
    expect(await ask('/', {})).to.deep.equal([404, 'There is only /digest\n']);
    expect(await ask('/digest', {})).to.deep.equal([405, 'PUT a file\n']);
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(Buffer.from('x'));
        controller.close();
      },
    }); // its length is not known
    const chunked = { method: 'PUT', body, duplex: 'half' } as RequestInit;
    expect(await ask('/digest', chunked)).to.deep.equal([411, 'Content-Length is required\n']);
    expect(JSON.parse((await ended).stdout)).to.include({ ok: true, mismatches: 0 });
  });

  it('main --limit takes no more files', async () => {
    const { stdout } = await command('--dir', folder.path, '--limit', '2', '--loops', '1', '--json');
    expect(JSON.parse(stdout)).to.include({ ok: true, files: 2, bytes: 5 });
  });

  it('main --help prints the usage', async () => {
    const { code, stdout, stderr } = await command('--help');
    expect(stdout).to.match(/^Usage: npm start/);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
  });

  it('main --loops 0 is refused, with the usage', async () => {
    expectFailure(
      await command('--loops', '0'),
      /^--loops must be an integer from 1 to 32, got 0\n\nUsage: /,
    );
  });

  it('main refuses an unknown option, with the usage', async () => {
    expectFailure(await command('--frobnicate'), /^Unknown option '--frobnicate'\n\nUsage: /);
  });

  it('main refuses a folder that is empty, missing or none', async () => {
    const empty = new TemporaryFolder();
    expectFailure(await command('--dir', empty.path), /^Cannot digest .*: there is no regular file in it\n$/);
    empty.remove();
    expectFailure(await command('--dir', empty.path), /^Cannot read the folder .*: it does not exist\n$/);
    const file = join(folder.path, 'small.txt');
    expectFailure(await command('--dir', file), /^Cannot read the folder .*: it is not a folder\n$/);
  });

  it('main --json prints a failure as one object, too', async () => {
    const { code, stdout, stderr } = await command('--json', '--dir', join(folder.path, 'missing'));
    const error = `Cannot read the folder ${join(folder.path, 'missing')}: it does not exist`;
    expect(JSON.parse(stdout)).to.deep.equal({ ok: false, error });
    expect({ code, stderr }).to.deep.equal({ code: 2, stderr: `${error}\n` });
  });

  it('main names a file that cannot be read', async () => {
    // Regular files, and one of them not even root can read.
    expectFailure(
      await command('--dir', '/proc/sys/vm', '--loops', '1'),
      /^Cannot read \/proc\/sys\/vm\/[^:]+: permission denied\n$/,
    );
  });

  it('main refuses a port that is in use', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    try {
      expectFailure(
        await command('--dir', folder.path, '--port', `${port}`),
        /^Cannot listen on 127\.0\.0\.1, port \d+: the port is in use\n$/,
      );
    } finally {
      server.close();
    }
  });

  it('main refuses a port that somebody else has opened to be shared', () =>
    run(async () => {
      const options = { host: '127.0.0.1', port: 0, reusePort: true };
      const server = await getRunningLoop().createServer(() => ({}), options);
      const { port } = server.sockets?.[0]?.getsockname() as net.AddressInfo; // TCP
      expectFailure(await command('--dir', folder.path, '--port', `${port}`), /the port is in use\n$/);
      server.close();
    }));

  it('main finishes the files in flight on Ctrl-C, and prints what was done', async () => {
    fillWithLarge(16_000_000, 500);
    const { child, ended } = start(['--dir', folder.path, '--connections', '2', '--json']);
    await untilOpened(child, join(folder.path, 'large-1'));
    child.kill('SIGINT');
    const { code, stdout, stderr } = await ended;
    expect(stderr).to.equal('Finishing the files in flight; Ctrl-C again ends at once\n');
    const report = JSON.parse(stdout) as Report;
    expect(report).to.include({ ok: false, interrupted: true, mismatches: 0 });
    expect(report.files).to.be.within(1, 499);
    expect(code).to.equal(130);
  });

  it('main ends at once on the second Ctrl-C', async () => {
    fillWithLarge(100_000_000_000, 1);
    const { child, ended } = start(['--dir', folder.path, '--loops', '1', '--json']);
    await untilOpened(child, join(folder.path, 'large-0'));
    child.kill('SIGINT');
    await once(child.stderr, 'data'); // it says that it ends. Sooner, the system would make one signal of the two…
    await delay(300); // …and sooner than this, the second would be taken for the same Ctrl-C
    child.kill('SIGINT');
    expect(await ended).to.include({ code: 'SIGINT', stdout: '' });
  });

  it('main serves strangers without being held up by them', async () => {
    const port = await freePort();
    fillWithLarge(16_000_000, 4); // a second, here
    const { ended } = start(['--dir', folder.path, '--port', `${port}`, '--json']);
    await untilServed(port);
    const socket = net.connect(port, '127.0.0.1').on('error', () => undefined); // it is cut off in the end
    socket.write(Buffer.alloc(3));
    const { code, stdout } = await ended;
    expect(JSON.parse(stdout)).to.include({ ok: true, files: 8 });
    expect(code).to.equal(0);
  });
});
