/** Cases of CPython's test_subprocess.py and test_events.py, and of uvloop's test_process.py. */
import { CancelledError, gather } from '@ringloop/core';
import {
  createSubprocessExec,
  createSubprocessShell,
  DEVNULL,
  PIPE,
  type SelectorEventLoop,
} from '@ringloop/net';
import { expect } from 'chai';
import { inLoop } from '../net/in-loop.js';
import { iterations } from '../net/iterations.js';
import { ProcessRecorder } from '../net/processes/process-recorder.js';
import { rejection } from '../rejection.js';

const PIPES = { stdin: PIPE, stdout: PIPE } as const;
const start = (
  loop: SelectorEventLoop,
  command: string,
  options = {},
): ReturnType<typeof loop.subprocessShell<ProcessRecorder>> =>
  loop.subprocessShell(() => new ProcessRecorder(loop), command, options);

describe('conformance/subprocess', function () {
  this.slow(1000);

  it('SubprocessTestsMixin.test_subprocess_exec: what is written comes back, and close() ends it with -9', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'cat');
      transport.getPipeTransport(0)?.write(Buffer.from('Python The Winner'));
      await protocol.said('Python The Winner');
      transport.close();
      await protocol.lost;
      expect(transport.getReturncode()).to.equal(-9);
      expect(protocol.text(1)).to.equal('Python The Winner');
    }));

  it('SubprocessTestsMixin.test_subprocess_interactive, test_subprocess_stderr: one thing after the other, also from stderr', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await start(
        loop,
        'while read line; do echo OUT:$line; echo ERR:$line >&2; done',
      );
      const stdin = transport.getPipeTransport(0);
      for (const word of ['Python ', 'The Winner']) {
        stdin?.write(Buffer.from(`${word}\n`));
        await protocol.said(`OUT:${word.trim()}\n`);
        await protocol.said(`ERR:${word.trim()}\n`, 2);
      }
      stdin?.close();
      await protocol.lost;
      expect(transport.getReturncode()).to.equal(0);
    }));

  it('SubprocessTestsMixin.test_subprocess_shell, test_subprocess_exitcode, test_subprocess_close_after_finish: exit codes, with pipes and without', () =>
    inLoop(async (loop) => {
      const [, talking] = await start(loop, 'echo Python');
      await talking.lost;
      expect([talking.transport.getReturncode(), talking.text(1).trim()]).to.deep.equal([0, 'Python']);
      const [transport, protocol] = await start(loop, 'exit 7', { stdin: null, stdout: null, stderr: null });
      expect([0, 1, 2].map((fd) => transport.getPipeTransport(fd))).to.deep.equal([null, null, null]);
      await protocol.lost;
      expect(transport.getReturncode()).to.equal(7);
      transport.close();
    }));

  for (const [name, end, code] of [
    ['test_subprocess_kill', 'kill', -9],
    ['test_subprocess_terminate', 'terminate', -15],
    ['test_subprocess_send_signal', 'hang up', -1],
  ] as const) {
    it(`SubprocessTestsMixin.${name}: the return code is ${code}`, () =>
      inLoop(async (loop) => {
        const [transport, protocol] = await start(loop, 'exec sleep 100');
        if (end === 'hang up') transport.sendSignal('SIGHUP');
        else transport[end]();
        await protocol.lost;
        expect(transport.getReturncode()).to.equal(code);
      }));
  }

  it('SubprocessTestsMixin.test_subprocess_close_client_stream: a process whose stdout is closed gets EPIPE', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await start(
        loop,
        "trap '' PIPE; read line; echo OUT:$line; read line; echo OUT:$line || echo ERR:$? >&2; read line",
      );
      const stdin = transport.getPipeTransport(0);
      stdin?.write(Buffer.from('test\n'));
      await protocol.said('OUT:test');
      transport.getPipeTransport(1)?.close();
      while (!protocol.log.includes('lost 1')) await iterations(loop, 1); // closed it is in the iteration after
      stdin?.write(Buffer.from('xxx\n'));
      await protocol.said('ERR:', 2);
      transport.close();
      await protocol.lost;
      expect(transport.getReturncode()).to.equal(-9);
    }));

  it('SubprocessTestsMixin.test_subprocess_wait_no_same_group: it may lead a session of its own', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await start(loop, 'exit 7', { startNewSession: true });
      await protocol.lost;
      expect(transport.getReturncode()).to.equal(7);
    }));

  it('SubprocessTestsMixin.test_subprocess_exec_invalid_args, test_subprocess_shell_invalid_args: text is refused', () =>
    inLoop(async (loop) => {
      for (const wrong of [
        { universalNewlines: true },
        { bufsize: 4096 },
        { text: true },
        { encoding: 'utf8' },
      ]) {
        const options = wrong as object;
        expect(await rejection(loop.subprocessExec(() => ({}), 'true', [], options))).to.be.instanceOf(
          TypeError,
        );
        expect(await rejection(start(loop, 'true', options))).to.be.instanceOf(TypeError);
      }
      expect(await rejection(start(loop, 'true', { shell: false }))).to.be.instanceOf(TypeError);
      expect(await rejection(start(loop, 123 as never))).to.be.instanceOf(TypeError);
    }));

  it('SubprocessMixin.test_stdin_stdout, test_communicate, test_communicate_none_input, test_empty_input: input and output', () =>
    inLoop(async () => {
      const streams = await createSubprocessExec('cat', [], PIPES);
      streams.stdin?.write(Buffer.from('some data'));
      await streams.stdin?.drain();
      streams.stdin?.close();
      expect([String(await streams.stdout?.read()), await streams.wait()]).to.deep.equal(['some data', 0]);
      for (const [input, expected] of [
        [Buffer.from('some data'), '9'],
        [null, '0'],
        [Buffer.alloc(0), '0'],
      ] as const) {
        const made = await createSubprocessExec('wc', ['-c'], PIPES);
        expect(String((await made.communicate(input))[0]).trim()).to.equal(expected);
        expect(made.returncode).to.equal(0);
      }
    }));

  it('SubprocessMixin.test_devnull_input, test_devnull_output, test_devnull_error: a stream is null', () =>
    inLoop(async () => {
      const noInput = await createSubprocessExec('wc', ['-c'], { stdin: DEVNULL, stdout: PIPE });
      expect(String((await noInput.communicate())[0]).trim()).to.equal('0');
      const noOutput = await createSubprocessExec('cat', [], { ...PIPES, stdout: DEVNULL });
      expect(await noOutput.communicate(Buffer.from('abc'))).to.deep.equal([null, null]);
      const noError = await createSubprocessShell('cat >&2', { ...PIPES, stderr: DEVNULL });
      expect((await noError.communicate(Buffer.from('abc')))[1]).to.equal(null);
    }));

  it('SubprocessMixin.test_stdin_broken_pipe, test_communicate_ignore_broken_pipe: drain() fails, communicate() does not', () =>
    inLoop(async () => {
      const large = Buffer.alloc(1_000_000);
      const drained = await createSubprocessShell('exec sleep 0.1', { stdin: PIPE }); // reads nothing
      drained.stdin?.write(large);
      expect(await rejection(Promise.resolve(drained.stdin?.drain())))
        .to.have.property('code')
        .that.is.oneOf(['EPIPE', 'ECONNRESET']);
      await drained.wait();
      const fed = await createSubprocessShell('exit 0', { stdin: PIPE });
      await fed.communicate(large);
      expect(fed.returncode).to.equal(0);
    }));

  it('SubprocessMixin.test_cancel_process_wait: the process can be waited for afterwards', () =>
    inLoop(async (loop) => {
      const made = await createSubprocessExec('sleep', ['100']);
      const task = loop.createTask(() => made.wait());
      loop.callSoon(() => task.cancel());
      expect(await rejection(task)).to.be.instanceOf(CancelledError);
      made.kill();
      expect(await made.wait()).to.equal(-9);
    }));

  it('SubprocessMixin.test_cancel_make_subprocess_transport_exec, test_cancel_post_init: a start that is cancelled leaves nothing', () =>
    inLoop(async (loop) => {
      for (const iterations of [0, 1, 2, 3]) {
        const task = loop.createTask(() => createSubprocessExec('sleep', ['100'], PIPES));
        const cancelIn = (left: number): void => {
          if (left === 0) task.cancel();
          else loop.callSoon(cancelIn, left - 1);
        };
        cancelIn(iterations);
        try {
          const made = await task;
          made.kill();
          await made.communicate();
        } catch (thrown) {
          expect(thrown).to.be.instanceOf(CancelledError);
        }
      }
    }));

  it('SubprocessMixin.test_popen_error, test_popen_error_with_stdin_pipe, test_create_subprocess_env_exec, test_create_subprocess_env_shell: a missing program, and an environment', () =>
    inLoop(async () => {
      for (const options of [{}, { stdin: PIPE }]) {
        expect(await rejection(createSubprocessExec('does not exist', [], options))).to.have.property(
          'code',
          'ENOENT',
        );
      }
      const env = { ...process.env, FOO: 'bar' };
      const direct = await createSubprocessExec('printenv', ['FOO'], { env, stdout: PIPE });
      expect(String((await direct.communicate())[0])).to.equal('bar\n');
      const shell = await createSubprocessShell('echo $FOO', { env, stdout: PIPE });
      expect(String((await shell.communicate())[0])).to.equal('bar\n');
    }));

  it('SubprocessMixin.test_read_stdout_after_process_exit: all of it is there', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('head -c 262144 /dev/zero', {
        stdout: PIPE,
        limit: 1_000_000,
      });
      const chunks: Buffer[] = [];
      for (
        let data = await made.stdout?.read(4096);
        (data?.length ?? 0) > 0;
        data = await made.stdout?.read(4096)
      )
        chunks.push(data ?? Buffer.alloc(0));
      expect(Buffer.concat(chunks).length).to.equal(262_144);
      expect(await made.wait()).to.equal(0);
    }));

  it('SubprocessMixin.test_subprocess_concurrent_wait: ten waiters get the return code', () =>
    inLoop(async () => {
      const made = await createSubprocessShell('read a; exit 3', { stdin: PIPE });
      const waiting = gather(Array.from({ length: 10 }, () => made.wait()));
      made.stdin?.close();
      expect(await waiting).to.deep.equal(Array(10).fill(3));
    }));

  it('SubprocessMixin.test_subprocess_protocol_events: the order of events', () =>
    inLoop(async (loop) => {
      const [, protocol] = await start(loop, 'echo stdout; echo stderr >&2', { stdin: DEVNULL });
      await protocol.lost; // the recorder insists on the order
      expect(protocol.log.toSorted()).to.deep.equal(
        ['made', 'data 1', 'data 2', 'lost 1', 'lost 2', 'exited 0', 'lost'].toSorted(),
      );
      expect([protocol.log[0], protocol.log.at(-1)]).to.deep.equal(['made', 'lost']);
    }));
});
