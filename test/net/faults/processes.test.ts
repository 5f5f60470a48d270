/** Each system call that starts a process, or waits for it, fails once: the caller is told, and nothing is left. */
import { constants } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';
import { createSubprocessExec, PIPE } from '@ringloop/net';
import { libc, orphanCount, processFunctions } from '@ringloop/net/internal';
import { expect } from 'chai';
import { describeWithEpoll } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import { inLoop } from '../in-loop.js';
import { SystemCalls } from './system-calls.js';

const { EMFILE, ENOMEM, EAGAIN, EINTR, EXDEV } = constants.errno;

/** How each function fails; those of posix_spawn return the errno. */
const WAYS: Readonly<Record<string, readonly number[]>> = {
  pipe2: [EINTR, EMFILE, EXDEV],
  posix_spawn: [EAGAIN, ENOMEM, EXDEV],
  posix_spawn_file_actions_init: [ENOMEM],
  posix_spawn_file_actions_adddup2: [ENOMEM],
  addclosefrom: [ENOMEM],
  access: [EINTR],
  waitid: [EINTR],
  pidfd_open: [EINTR, EMFILE, ENOMEM],
};

/** Of the other calls: those that happen while a process is started. */
const OTHERS: Readonly<Record<string, readonly number[]>> = {
  fcntl: [EINTR, EMFILE, EXDEV],
  'epoll_ctl ADD': [EINTR, ENOMEM],
  read: [EINTR, EXDEV],
  write: [EINTR, EXDEV],
  close: [EINTR],
};

type Call = (...args: unknown[]) => number;

/** Lets the nth call of a function of processFunctions() fail. Returns what undoes it, and whether it has failed. */
function failing(name: string, nth: number, errno: number): { restore: () => boolean } {
  const table = processFunctions() as unknown as Record<string, Call>; // all of them are called alike here
  const real = table[name];
  if (real === undefined) throw new Error(`There is no ${name}()`);
  let count = 0;
  table[name] = (...args) => {
    if (count++ !== nth) return real(...args);
    if (name.startsWith('posix_spawn') || name.startsWith('add')) return errno;
    calls.fail(errno);
    return -1;
  };
  const calls = failedErrno();
  return {
    restore: () => {
      table[name] = real;
      calls.restore();
      return count > nth;
    },
  };
}

/** Makes errno() say it once. */
function failedErrno(): { fail: (errno: number) => void; restore: () => void } {
  const table = libc() as unknown as Record<string, Call>;
  const real = table.errno;
  if (real === undefined) throw new Error('There is no errno()');
  let next: number | null = null;
  table.errno = () => {
    const errno = next ?? real();
    next = null;
    return errno;
  };
  return {
    fail: (errno) => (next = errno),
    restore: () => (table.errno = real),
  };
}

/** Runs `cat`; returns what was told, or null when all went well. */
async function play(): Promise<number | null> {
  let told: number | null = null;
  await inLoop(async (_loop, reports) => {
    try {
      const made = await createSubprocessExec('cat', [], { stdin: PIPE, stdout: PIPE, stderr: PIPE });
      try {
        const [out] = await made.communicate(Buffer.from('data'));
        // communicate() does not mind that stdin is lost; whoever asks is told.
        if (String(out) === '') await made.stdin?.waitClosed();
        expect([String(out), await made.wait()]).to.deep.equal(['data', 0]);
      } finally {
        if (made.returncode === null) made.kill();
        await made.wait();
      }
    } catch (thrown) {
      const { errno } = thrown as { errno?: number };
      if (errno === undefined) throw thrown;
      told = -errno;
    }
    // As in asyncio: a pipe that cannot be read is told to the exception handler as well.
    const others = reports
      .splice(0)
      .filter(({ message }) => message !== 'Fatal read error on pipe transport');
    reports.push(...others);
  });
  return told;
}

describeWithEpoll('these are calls of posix_spawn', 'processes: each system call fails once', () => {
  async function check(
    name: string,
    errno: number,
    start: () => { restore: () => boolean },
  ): Promise<boolean> {
    const before = new Set(openDescriptors().keys());
    const fault = start();
    let told: number | null;
    let delivered: boolean;
    try {
      told = await play();
    } finally {
      delivered = fault.restore();
    }
    while (orphanCount() > 0) await immediate();
    await immediate();
    const what = `${name} ${errno}`;
    if (delivered) {
      const isSilent = errno === EINTR || name === 'close';
      expect([null, errno], what).to.include(told);
      if (isSilent) expect(told, what).to.equal(null);
      else if (name in WAYS) expect(told, what).to.equal(errno);
    }
    const left = [...openDescriptors()].filter(([fd]) => !before.has(fd));
    expect(left, `${what}: left open`).to.deep.equal([]);
    return delivered;
  }

  before(() => play()); // opens what a thread keeps

  for (const [name, ways] of Object.entries(WAYS)) {
    it(`createSubprocessExec(): ${name}`, async () => {
      let delivered = 0;
      for (const errno of ways) {
        for (let nth = 0; nth < 3; nth++) {
          if (await check(name, errno, () => failing(name, nth, errno))) delivered++;
        }
      }
      expect(delivered).to.be.at.least(ways.length);
    })
      .timeout(60_000)
      .slow(10_000);
  }

  for (const [call, ways] of Object.entries(OTHERS)) {
    it(`createSubprocessExec(): ${call}`, async () => {
      let delivered = 0;
      for (const how of ways) {
        for (let nth = 0; nth < 10; nth++) {
          const start = (): { restore: () => boolean } => {
            const calls = new SystemCalls({ call, nth, how });
            return {
              restore: () => {
                calls[Symbol.dispose]();
                return calls.delivered;
              },
            };
          };
          if (await check(call, how, start)) delivered++;
        }
      }
      expect(delivered).to.be.at.least(ways.length);
    })
      .timeout(60_000)
      .slow(10_000);
  }
});
