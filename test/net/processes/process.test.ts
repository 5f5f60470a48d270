import { inspect } from 'node:util';
import { CancelledError, gather, TimeoutError, waitFor } from '@ringloop/core';
import { createSubprocessExec, createSubprocessShell, DEVNULL, PIPE, STDOUT } from '@ringloop/net';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { inLoop } from '../in-loop.js';
import { stateOf } from './process-recorder.js';

const PIPES = { stdin: PIPE, stdout: PIPE } as const;
const MEGABYTES = Buffer.alloc(3_000_000, 'ringloop ');

describe('Process', function () {
  this.slow(500);

  it('communicate() feeds stdin, and gives what came out, however much', () =>
    inLoop(async () => {
      const made = await createSubprocessExec('cat', [], PIPES);
      const [out, err] = await made.communicate(MEGABYTES);
      expect([out?.equals(MEGABYTES), err, made.returncode]).to.deep.equal([true, null, 0]);
      expect(inspect(made)).to.equal(`<Process ${made.pid}>`);
    }));

  it('communicate() separates stdout and stderr, or joins them by STDOUT', () =>
    inLoop(async () => {
      for (const [stderr, expected] of [
        [PIPE, ['out\n', 'err\n']],
        [STDOUT, ['out\nerr\n', 'null']],
        [DEVNULL, ['out\n', 'null']],
      ] as const) {
        const made = await createSubprocessShell('echo out; echo err >&2', { stdout: PIPE, stderr });
        expect((await made.communicate()).map(String)).to.deep.equal(expected);
      }
    }));

  it('communicate() does not mind that the process reads nothing', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('exec <&-; exit 3', { stdin: PIPE });
      expect(await made.communicate(MEGABYTES)).to.deep.equal([null, null]);
      expect(made.returncode).to.equal(3);
    }));

  it('communicate() that is cancelled leaves the process as it is', () =>
    inLoop(async () => {
      const made = await createSubprocessExec('cat', [], PIPES);
      expect(await rejection(waitFor(made.communicate(MEGABYTES), 0))).to.be.instanceOf(TimeoutError);
      expect(made.returncode).to.equal(null);
      made.kill();
      expect(await made.wait()).to.equal(-9);
      await made.stdout?.read();
    }));

  it('communicate() refuses text, and has written nothing then', () =>
    inLoop(async () => {
      const made = await createSubprocessExec('cat', [], PIPES);
      expect(await rejection(made.communicate('text' as never))).to.be.instanceOf(TypeError);
      expect(String((await made.communicate(Buffer.from('bytes')))[0])).to.equal('bytes');
    }));

  it('stdin, stdout and stderr are streams', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('read line; echo got $line; echo err >&2', {
        ...PIPES,
        stderr: PIPE,
      });
      made.stdin?.write(Buffer.from('a line\n'));
      await made.stdin?.drain();
      expect(String(await made.stdout?.readline())).to.equal('got a line\n');
      expect(String(await made.stderr?.read())).to.equal('err\n');
      expect([await made.wait(), made.returncode]).to.deep.equal([0, 0]);
      expect((await made.stdout?.read())?.length).to.equal(0);
    }));

  it('stdin.drain() fails when the process is gone', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('exit 0', { stdin: PIPE });
      const { stdin } = made;
      stdin?.write(MEGABYTES);
      const failure = await rejection(Promise.resolve(stdin?.drain()));
      expect(failure).to.have.property('code').that.is.oneOf(['EPIPE', 'ECONNRESET']);
      await made.wait();
    }));

  it('wait() tells any number of waiters, and each may be cancelled', () =>
    inLoop(async (loop) => {
      const made = await createSubprocessExec('cat', [], { stdin: PIPE });
      const waiters = Array.from({ length: 10 }, () => made.wait());
      const cancelled = loop.createTask(() => made.wait());
      loop.callSoon(() => cancelled.cancel());
      expect(await rejection(cancelled)).to.be.instanceOf(CancelledError);
      expect(made.returncode).to.equal(null);
      made.stdin?.close();
      expect(await gather(waiters)).to.deep.equal(Array(10).fill(0));
      expect(await made.wait()).to.equal(0);
    }));

  it('wait() does not wait for grandchildren that have the pipes', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('sleep 100 & echo $!; exit 6', { stdout: PIPE });
      const grandchild = Number(String(await made.stdout?.readline()));
      expect(await made.wait()).to.equal(6);
      expect(stateOf(grandchild)).to.not.equal(null);
      process.kill(grandchild, 'SIGKILL');
      await made.stdout?.read();
    }));

  it('terminate(), kill() and sendSignal() end it, and say ESRCH when all is over', () =>
    inLoop(async () => {
      for (const [end, code] of [
        ['terminate', -15],
        ['kill', -9],
      ] as const) {
        const made = await createSubprocessExec('sleep', ['100']);
        made[end]();
        expect(await made.wait()).to.equal(code);
        await made.communicate();
        expect(await rejection(Promise.resolve().then(() => made.sendSignal('SIGHUP')))).to.have.property(
          'code',
          'ESRCH',
        );
      }
    }));

  it('createSubprocessExec() outside of a loop, and with a wrong limit, is refused', async () => {
    const unlimited = inLoop(async () => {
      await createSubprocessExec('true', [], { limit: 0 });
    });
    expect(await rejection(unlimited)).to.be.instanceOf(RangeError);
    const refused = await rejection(Promise.resolve().then(() => createSubprocessExec('true')));
    expect(refused).to.have.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
