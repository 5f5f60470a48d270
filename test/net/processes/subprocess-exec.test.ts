import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CancelledError } from '@ringloop/core';
import {
  createSubprocessExec,
  createSubprocessShell,
  type CreateSubprocessOptions,
  DEVNULL,
  PIPE,
  Socket,
  STDOUT,
} from '@ringloop/net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { itWithEpoll, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { ProcessRecorder, stateOf } from './process-recorder.js';

/** What comes out of a program, of both its outputs. */
async function outputOf(
  program: string,
  args: readonly string[],
  options: CreateSubprocessOptions = {},
): Promise<string> {
  const made = await createSubprocessExec(program, args, { stdout: PIPE, stderr: STDOUT, ...options });
  const [out] = await made.communicate();
  return String(out);
}

describe('subprocessExec()', function () {
  this.slow(500);
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ringloop-processes-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  it('passes arguments as they are, also bytes that are no text', () =>
    inLoop(async () => {
      expect(await outputOf('printf', ['%s|', '', 'a b', '$HOME', 'ä'])).to.equal('|a b|$HOME|ä|');
      if (onHandles) return;
      const made = await createSubprocessExec('printf', ['%s', Buffer.from([0xff, 0xfe])], { stdout: PIPE });
      expect((await made.communicate())[0]).to.deep.equal(Buffer.from([0xff, 0xfe]));
    }));

  it('env is the whole environment, and cwd the directory, as a path or a file URL', () =>
    inLoop(async () => {
      const env = { A: '1', B: 'two words', C: undefined, PATH: process.env.PATH };
      const lines = (await outputOf('env', [], { env, stderr: DEVNULL })).trim().split('\n').toSorted();
      expect(lines).to.deep.equal(['A=1', 'B=two words', `PATH=${process.env.PATH}`]);
      for (const cwd of [directory, pathToFileURL(directory)])
        expect(await outputOf('pwd', ['-P'], { cwd })).to.equal(`${directory}\n`);
      process.env.RINGLOOP_TEST_INHERITED = 'yes';
      try {
        expect(await outputOf('printenv', ['RINGLOOP_TEST_INHERITED'])).to.equal('yes\n');
      } finally {
        delete process.env.RINGLOOP_TEST_INHERITED;
      }
    }));

  itWithEpoll(
    'Node looks into the PATH its own way',
    'looks for the program in the PATH of the child, relative to its directory',
    () =>
      inLoop(async () => {
        writeFileSync(join(directory, 'tool'), '#!/bin/sh\necho found in $PWD\n', { mode: 0o755 });
        const PATH = '/nowhere:.:/bin:/usr/bin';
        expect(await outputOf('tool', [], { cwd: directory, env: { PATH } })).to.equal(
          `found in ${directory}\n`,
        );
        expect(await outputOf('tool', [], { cwd: directory, env: { PATH: '' } })).to.equal(
          `found in ${directory}\n`,
        );
        expect(await outputOf('./tool', [], { cwd: directory })).to.equal(`found in ${directory}\n`);
        expect(await outputOf('echo', ['default path'], { env: {} })).to.equal('default path\n');
      }),
  );

  it('rejects in the shape of Node when there is no program, or it may not be executed', () =>
    inLoop(async (loop) => {
      const before = openDescriptors().size;
      const fail = (program: string, options: object = {}): Promise<unknown> =>
        rejection(loop.subprocessExec(() => new ProcessRecorder(loop), program, ['x'], options));
      expect(await fail('ringloop-missing')).to.deep.include({
        code: 'ENOENT',
        errno: -2,
        syscall: 'spawn ringloop-missing',
        path: 'ringloop-missing',
        spawnargs: ['x'],
        message: 'spawn ringloop-missing ENOENT',
      });
      writeFileSync(join(directory, 'plain'), 'text');
      expect(await fail(join(directory, 'plain'))).to.have.property('code', 'EACCES');
      expect(await fail('plain', { env: { PATH: `${directory}:/nowhere` } })).to.have.property(
        'code',
        'EACCES',
      );
      expect(await fail(join(directory, 'plain/x'))).to.have.property('code', 'ENOTDIR');
      expect(await fail(directory)).to.have.property('code', 'EACCES');
      expect(await fail(''))
        .to.have.property('code')
        .that.is.oneOf(['ENOENT', 'ERR_INVALID_ARG_VALUE']);
      expect(await fail('true', { cwd: '/nowhere' })).to.deep.include({
        code: 'ENOENT',
        syscall: 'chdir',
        path: '/nowhere',
      });
      const tooLong = await rejection(loop.subprocessExec(() => ({}), 'true', ['x'.repeat(200_000)]));
      expect(tooLong).to.have.property('code', 'E2BIG');
      expect(openDescriptors().size).to.be.at.most(before + 1); // Node keeps one for its signals
    }));

  it('refuses text, a shell and buffers as asyncio does, and other wrong arguments', () =>
    inLoop(async (loop) => {
      const exec = (options: object, args: unknown = [], program: unknown = 'true'): Promise<unknown> =>
        rejection(loop.subprocessExec(() => ({}), program as string, args as string[], options));
      const shell = (options: object, command: unknown = 'true'): Promise<unknown> =>
        rejection(loop.subprocessShell(() => ({}), command as string, options));
      const messages: [Promise<unknown>, string][] = [
        [exec({ universalNewlines: true }), 'universalNewlines must be false, got true'],
        [exec({ shell: true }), 'shell must be false, got true'],
        [exec({ bufsize: 4096 }), 'bufsize must be 0, got 4096'],
        [exec({ text: true }), 'text must be false, got true'],
        [exec({ encoding: 'utf8' }), "encoding must be null, got 'utf8'"],
        [exec({ errors: 'strict' }), "errors must be null, got 'strict'"],
        [shell({ shell: false }), 'shell must be true, got false'],
        [shell({ text: true }), 'text must be false, got true'],
        [shell({}, 123), 'cmd must be a string, got 123'],
        [exec({}, [], 5), 'program must be a string or a Uint8Array, got 5'],
        [exec({}, 'x'), "args must be an array, got 'x'"],
        [exec({}, [1]), 'args[0] must be a string or a Uint8Array, got 1'],
        [exec({}, ['a\0b']), "args[0] must not have a null byte, got 'a\\x00b'"],
        [exec({ env: { 'A=B': '1' } }), "Illegal name of an environment variable: 'A=B'"],
        [exec({ env: { A: 1 } }), 'env.A must be a string, got 1'],
        [exec({ env: 5 }), 'env must be an object or null, got 5'],
        [exec({ cwd: 5 }), 'cwd must be a string, a URL or null, got 5'],
        [exec({ uid: 'root' }), "uid must be a number, got 'root'"],
        [exec({ stdin: STDOUT }), 'STDOUT can only be used for stderr'],
        [exec({ stdin: 'pipe' }), "stdin must be PIPE, DEVNULL, a descriptor or null, got 'pipe'"],
        [exec({ stdin: -7 }), 'Invalid file descriptor: -7'],
      ];
      for (const [failing, message] of messages) {
        const thrown = await failing;
        expect(thrown).to.have.property('message', message);
        expect(thrown)
          .to.have.property('code')
          .that.matches(/^ERR_INVALID_ARG_(TYPE|VALUE)$|^ERR_OUT_OF_RANGE$/);
      }
      expect(await rejection(loop.subprocessExec(null as never, 'true'))).to.be.instanceOf(TypeError);
      expect(await rejection(loop.subprocessExec(() => null as never, 'true'))).to.be.instanceOf(TypeError);
    }));

  it('stdin, stdout and stderr can be descriptors, FileHandles and the null device, which stay open here', () =>
    inLoop(async () => {
      const path = join(directory, 'file');
      writeFileSync(path, 'from a file\n');
      const input = openSync(path, 'r');
      const output = await open(join(directory, 'output'), 'w');
      const made = await createSubprocessShell('cat; echo err >&2', {
        stdin: input,
        stdout: output,
        stderr: STDOUT,
      });
      expect(await made.wait()).to.equal(0);
      expect([made.stdin, made.stdout, made.stderr]).to.deep.equal([null, null, null]);
      expect(readFileSync(join(directory, 'output'), 'utf8')).to.equal('from a file\nerr\n');
      closeSync(input);
      await output.close();
      expect(await outputOf('cat', [], { stdin: DEVNULL })).to.equal('');
      const silent = await createSubprocessExec('echo', ['x'], { stdout: DEVNULL });
      expect(await silent.communicate()).to.deep.equal([null, null]);
    }));

  itWithEpoll('it passes a Socket', 'stdin and stdout can be the two ends of sockets', () =>
    inLoop(async (loop) => {
      const [ours, theirs] = Socket.socketpair();
      const made = await createSubprocessShell('read a; echo got $a', { stdin: DEVNULL, stdout: theirs });
      theirs.close();
      expect((await loop.sockRecv(ours, 100)).toString()).to.equal('got\n');
      expect(await made.wait()).to.equal(0);
      ours.close();
    }),
  );

  itWithEpoll(
    'it looks at numbers',
    'a child gets its three descriptors and no other, though their numbers are swapped',
    () =>
      inLoop(async () => {
        const first = openSync(join(directory, 'first'), 'w');
        const second = openSync(join(directory, 'second'), 'w');
        const made = await createSubprocessShell('echo 1; echo 2 >&2; ls /proc/self/fd', {
          stdin: DEVNULL,
          stdout: second,
          stderr: first,
        });
        expect(await made.wait()).to.equal(0);
        expect(readFileSync(join(directory, 'first'), 'utf8')).to.equal('2\n');
        expect(readFileSync(join(directory, 'second'), 'utf8')).to.equal('1\n0\n1\n2\n3\n'); // ls itself has one open
        closeSync(first);
        closeSync(second);
      }),
  );

  itWithEpoll('it is about posix_spawn', 'a child has default signals, and none blocked', () =>
    inLoop(async () => {
      const status = await outputOf('cat', ['/proc/self/status']);
      expect(/^SigBlk:\t(\w+)/m.exec(status)?.[1]).to.equal('0000000000000000');
      expect(/^SigIgn:\t(\w+)/m.exec(status)?.[1]).to.equal('0000000000000000');
    }),
  );

  it('startNewSession makes the process leader of a session', () =>
    inLoop(async () => {
      for (const startNewSession of [true, false]) {
        const made = await createSubprocessExec('cat', ['/proc/self/stat'], {
          stdout: PIPE,
          startNewSession,
        });
        const [out] = await made.communicate();
        const session = Number(/\) \w \d+ \d+ (\d+)/.exec(String(out))?.[1]);
        expect(session === made.pid).to.equal(startNewSession);
      }
    }));

  it('uid and gid run it as another user, if we may', function () {
    if (process.getuid?.() !== 0) this.skip();
    return inLoop(async () => {
      expect(await outputOf('sh', ['-c', 'id -u; id -g'], { uid: 65_534, gid: 65_534 })).to.equal(
        '65534\n65534\n',
      );
    });
  });

  it('cancelled in whichever iteration, kills the process, takes its code and leaves no descriptor', () =>
    inLoop(async (loop) => {
      await (await createSubprocessExec('true')).wait(); // opens what a thread keeps
      const before = openDescriptors();
      let cancelled = 0;
      for (let after = 0; after < 12; after++) {
        const pids: number[] = [];
        const protocol = new ProcessRecorder(loop);
        const made = protocol.connectionMade.bind(protocol);
        protocol.connectionMade = (transport) => {
          pids.push(transport.getPid());
          made(transport);
        };
        const task = loop.createTask(() => loop.subprocessExec(() => protocol, 'sleep', ['100']));
        const cancelIn = (left: number): void => {
          if (left === 0) task.cancel();
          else loop.callSoon(cancelIn, left - 1);
        };
        cancelIn(after);
        try {
          const [transport] = await task;
          transport.close(); // it came too late
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(CancelledError);
          cancelled++;
        }
        if (protocol.log.length > 0) await protocol.lost;
        expect(pids.map(stateOf)).to.deep.equal(pids.map(() => null));
      }
      expect(cancelled).to.be.within(2, 11);
      const left = [...openDescriptors()].filter(([fd]) => !before.has(fd));
      if (!onHandles) expect(left).to.deep.equal([]);
    }));
});
