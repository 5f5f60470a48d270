import { inspect } from 'node:util';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { DEVNULL, PIPE, SelectorEventLoop, STDOUT } from '@ringloop/net';
import { processFunctions } from '@ringloop/net/internal';
import { rejection } from '../../rejection.js';
import { itWithEpoll, onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { ProcessRecorder, stateOf } from './process-recorder.js';

const PIPELESS = { stdin: null, stdout: DEVNULL, stderr: STDOUT } as const;

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (thrown) {
    return thrown;
  }
  throw new Error('It did not throw');
}

describe('SubprocessTransport', function () {
  this.slow(500);

  it("calls connectionMade first, each pipe's end once, and connectionLost last; the process is unknown then", () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessShell(
        () => new ProcessRecorder(loop),
        'echo out; echo err >&2; cat; exit 3',
      );
      expect([transport.getReturncode(), transport.isClosing()]).to.deep.equal([null, false]);
      expect(transport).to.equal(protocol.transport);
      const stdin = transport.getPipeTransport(0);
      stdin?.write(Buffer.from('in'));
      stdin?.close();
      await protocol.lost;
      const { log } = protocol;
      expect([log.at(0), log.at(-1)]).to.deep.equal(['made', 'lost']);
      expect(log).to.include.members(['lost 0', 'data 1', 'data 2', 'lost 1', 'lost 2', 'exited 3']);
      expect([protocol.text(1), protocol.text(2)]).to.deep.equal(['out\nin', 'err\n']);
      expect([transport.getReturncode(), transport.isClosing()]).to.deep.equal([3, false]);
      for (const call of [
        () => transport.kill(),
        () => transport.terminate(),
        () => transport.sendSignal('SIGHUP'),
      ]) {
        expect(thrownBy(call)).to.include({ code: 'ESRCH', syscall: 'kill' });
      }
      transport.close(); // what has ended is not killed
      expect(transport.isClosing()).to.equal(true);
    }));

  it('getPipeTransport() gives a transport for each pipe, and null where there is none', () =>
    inLoop(async (loop) => {
      const [piped, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'cat');
      expect([0, 1, 2].map((fd) => inspect(piped.getPipeTransport(fd)).slice(1, 6))).to.deep.equal([
        'Write',
        'ReadP',
        'ReadP',
      ]);
      expect(piped.getPipeTransport(3)).to.equal(null);
      const [bare, other] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'true', [], PIPELESS);
      expect([0, 1, 2].map((fd) => bare.getPipeTransport(fd))).to.deep.equal([null, null, null]);
      await other.lost;
      expect(other.log).to.deep.equal(['made', 'exited 0', 'lost']);
      piped.getPipeTransport(0)?.close();
      await protocol.lost;
    }));

  for (const [name, number] of [
    ['SIGKILL', 9],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ] as const) {
    it(`sendSignal('${name}') ends a process with the return code -${number}`, () =>
      inLoop(async (loop) => {
        for (const signal of [name, number]) {
          const [transport, protocol] = await loop.subprocessExec(
            () => new ProcessRecorder(loop),
            'sleep',
            ['100'],
            PIPELESS,
          );
          transport.sendSignal(signal);
          expect(await protocol.exited).to.equal(-number);
          await protocol.lost;
        }
      }));
  }

  it('sendSignal() refuses what is no signal', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'cat');
      const refused = ['SIGNOTHING', 'toString', -1, 65, 1.5, NaN, null, {}].map(
        (signal) => (thrownBy(() => transport.sendSignal(signal as number)) as { code: string }).code,
      );
      expect(refused).to.deep.equal([
        'ERR_UNKNOWN_SIGNAL',
        'ERR_UNKNOWN_SIGNAL',
        'ERR_OUT_OF_RANGE',
        'ERR_OUT_OF_RANGE',
        'ERR_OUT_OF_RANGE',
        'ERR_OUT_OF_RANGE',
        'ERR_INVALID_ARG_TYPE',
        'ERR_INVALID_ARG_TYPE',
      ]);
      transport.sendSignal(0); // it could be sent
      transport.close();
      await protocol.lost;
    }));

  it('close() kills a process that runs, and the protocol hears of every end', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'sleep', [
        '100',
      ]);
      const pid = transport.getPid();
      transport.close();
      transport.close();
      expect([transport.isClosing(), transport.getReturncode()]).to.deep.equal([true, null]);
      await protocol.lost;
      expect(protocol.log.toSorted()).to.deep.equal([
        'exited -9',
        'lost',
        'lost 0',
        'lost 1',
        'lost 2',
        'made',
      ]);
      expect(protocol.log.at(-1)).to.equal('lost');
      expect(stateOf(pid)).to.equal(null);
    }));

  itWithEpoll(
    'Node takes the code as soon as the process has ended',
    'close() does not kill a process that has ended, though nobody was told yet',
    () =>
      inLoop(async (loop) => {
        const [transport, protocol] = await loop.subprocessShell(
          () => new ProcessRecorder(loop),
          'read a; exit 7',
        );
        transport.getPipeTransport(0)?.write(Buffer.from('\n'));
        untilZombie(transport.getPid());
        transport.close();
        transport.kill(); // a zombie takes any signal
        expect(await protocol.exited).to.equal(7);
        await protocol.lost;
      }),
  );

  it('a process that ignores SIGTERM goes on until it is killed', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessShell(
        () => new ProcessRecorder(loop),
        "trap 'echo no' TERM; echo ready; while :; do sleep 0.05; done",
        { stdin: DEVNULL },
      );
      await protocol.said('ready');
      transport.terminate();
      await protocol.said('no');
      expect(transport.getReturncode()).to.equal(null);
      transport.kill();
      expect(await protocol.exited).to.equal(-9);
      transport.close(); // a sleep that is left over may have the pipes
      await protocol.lost;
    }));

  it('a process that closes its stdout lives on: the pipe is lost, and nothing else', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessShell(
        () => new ProcessRecorder(loop),
        'exec >&-; echo closed >&2; read line; exit 4',
      );
      await protocol.said('closed', 2);
      while (!protocol.log.includes('lost 1')) await delay(1);
      expect(transport.getReturncode()).to.equal(null);
      transport.getPipeTransport(0)?.write(Buffer.from('go\n'));
      expect(await protocol.exited).to.equal(4);
      await protocol.lost;
    }));

  itWithEpoll(
    'Node closes the stdin of a process that has ended',
    'a grandchild that keeps the pipes delays connectionLost, not processExited',
    () =>
      inLoop(async (loop) => {
        const [transport, protocol] = await loop.subprocessShell(
          () => new ProcessRecorder(loop),
          'exec 3<&0; (read line; echo late) <&3 & exit 5', // a background job would read the null device
        );
        expect(await protocol.exited).to.equal(5);
        expect(protocol.log).to.not.include('lost 1');
        transport.sendSignal('SIGTERM'); // between the end and connectionLost: it does nothing
        transport.getPipeTransport(0)?.write(Buffer.from('go\n'));
        await protocol.said('late');
        await protocol.lost;
        expect(protocol.log.at(-1)).to.equal('lost');
      }),
  );

  it('a process whose stdout we close gets EPIPE, for SIGPIPE has its default action again', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'yes');
      await protocol.said('y');
      transport.getPipeTransport(1)?.close();
      // Node's pipes are sockets, whose writers may get ECONNRESET.
      expect(await protocol.exited).to.be.oneOf(onHandles ? [-13, 1] : [-13]);
      await protocol.lost;
    }));

  it('pauseWriting() and resumeWriting() of the protocol are called for stdin', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessShell(
        () => new ProcessRecorder(loop),
        'kill -STOP $$; exec cat >/dev/null',
      );
      while (stateOf(transport.getPid()) !== 'T') await delay(1);
      const stdin = transport.getPipeTransport(0);
      stdin?.write(Buffer.alloc(1_000_000));
      stdin?.close();
      transport.sendSignal('SIGCONT');
      await protocol.lost;
      expect(protocol.log.filter((each) => each === 'pause' || each === 'resume')).to.deep.equal([
        'pause',
        'resume',
      ]);
    }));

  it('setProtocol() lets another protocol hear what follows', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'cat');
      const lost = loop.createFuture<undefined>();
      const next = { connectionLost: () => lost.setResult(undefined) };
      transport.setProtocol(next);
      expect(transport.getProtocol()).to.equal(next);
      transport.getPipeTransport(0)?.close();
      await lost;
      expect(protocol.log).to.deep.equal(['made']);
      expect(thrownBy(() => transport.setProtocol(null as never))).to.be.instanceOf(TypeError);
    }));

  it('reports what the protocol throws, and goes on', () =>
    inLoop(async (loop, reports) => {
      const lost = loop.createFuture<undefined>();
      const failing = (): never => {
        throw new Error('wrong');
      };
      await loop.subprocessShell(
        () => ({
          connectionMade: failing,
          pipeDataReceived: failing,
          pipeConnectionLost: failing,
          processExited: async () => failing(),
          connectionLost: () => lost.setResult(undefined),
        }),
        'echo hello',
        { stdin: DEVNULL, stderr: DEVNULL },
      );
      await lost;
      await delay(1);
      expect(reports.splice(0).length).to.equal(4);
    }));

  it('inspect() shows the process and its pipes', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'cat', [], {
        stdout: DEVNULL,
        stderr: DEVNULL,
      });
      const pid = transport.getPid();
      expect(inspect(transport)).to.match(
        new RegExp(`^<SubprocessTransport pid=${pid} running stdin=<WritePipeTransport.*>>$`),
      );
      transport.close();
      await protocol.lost;
      expect(inspect(transport)).to.match(/^<SubprocessTransport closed pid=\d+ returncode=-9 stdin=/);
      expect(transport.getExtraInfo('subprocess', 'nothing')).to.equal('nothing');
    }));

  it('a loop that is closed kills its processes, takes their codes and calls nobody', async () => {
    const before = openDescriptors();
    const loop = new SelectorEventLoop();
    const logs: string[][] = [];
    const pids = await loop.runUntilComplete(async () => {
      const found: number[] = [];
      for (const options of [{}, PIPELESS]) {
        const [transport, protocol] = await loop.subprocessExec(
          () => new ProcessRecorder(loop),
          'sleep',
          ['100'],
          options,
        );
        logs.push(protocol.log);
        found.push(transport.getPid());
      }
      return found;
    });
    loop.close();
    while (pids.some((pid) => stateOf(pid) !== null)) await delay(1);
    expect(logs).to.deep.equal([['made'], ['made']]);
    const left = [...openDescriptors()].filter(([fd]) => !before.has(fd));
    while (left.some(([fd, what]) => openDescriptors().get(fd) === what && what.includes('pidfd')))
      await delay(1);
  });

  itWithEpoll(
    'libuv takes its codes itself',
    'a code that other code of this process has taken is reported as 255, with a warning',
    () =>
      inLoop(async (loop) => {
        const { warn } = console;
        const warnings: unknown[] = [];
        console.warn = (text: unknown) => warnings.push(text);
        try {
          const [transport, protocol] = await loop.subprocessExec(() => new ProcessRecorder(loop), 'head', [
            '-1',
          ]);
          transport.getPipeTransport(0)?.write(Buffer.from('\n'));
          stealCode(transport.getPid());
          expect(await protocol.exited).to.equal(255);
          await protocol.lost;
          expect(warnings).to.deep.equal([
            `child process pid ${transport.getPid()} exit status already read: will report returncode 255`,
          ]);
        } finally {
          console.warn = warn;
        }
      }),
  );

  it('stdin that is closed by the process before everything is written is lost with EPIPE', () =>
    inLoop(async (loop) => {
      const [transport, protocol] = await loop.subprocessShell(
        () => new ProcessRecorder(loop),
        'read line; exec <&-; echo closed; sleep 0.02',
        { stdin: PIPE },
      );
      transport.getPipeTransport(0)?.write(Buffer.from(`\n${'x'.repeat(1_000_000)}`));
      await protocol.lost;
      expect(protocol.log.filter((each) => each.startsWith('lost 0'))).to.deep.equal(['lost 0 EPIPE']);
    }));

  it('a loop that is closed starts nothing', async () => {
    const loop = new SelectorEventLoop();
    loop.close();
    expect(await rejection(loop.subprocessExec(() => ({}), 'true'))).to.have.property(
      'code',
      'ERR_LOOP_CLOSED',
    );
  });
});

/** Waits without giving the loop a turn. */
function untilZombie(pid: number): void {
  while (stateOf(pid) !== 'Z');
}

/** Does what a careless signal handler does. */
function stealCode(pid: number): void {
  untilZombie(pid);
  processFunctions().waitid(1, pid, Buffer.alloc(128), 4);
}
