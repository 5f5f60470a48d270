import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const execute = promisify(execFile);
const fixture = new URL('./fixtures/no-threads.js', import.meta.url).pathname;

/** Any other user than root, for whom the limit does not hold; files are read with root's rights all the same. */
const NOT_ROOT = ['--ruid=54321', '--bounding-set=-sys_resource,-sys_admin', '--'];

/** Lines that the program prints, and how it ended where that was not in order. */
async function linesOf(scenario: string): Promise<string[]> {
  const command = [process.execPath, '--no-warnings', fixture, scenario];
  const [file = '', ...args] = process.getuid?.() === 0 ? ['setpriv', ...NOT_ROOT, ...command] : command;
  const [ended] = await Promise.allSettled([execute(file, args, { timeout: 60_000 })]);
  if (ended.status === 'fulfilled') return ended.value.stdout.trim().split('\n');
  const { code, signal, stdout, stderr } = ended.reason as Record<string, string | null>; // what execFile() rejects with
  if (code === 'ENOENT') return ['not limited']; // there is no setpriv
  return [`${code ?? signal ?? ''}: ${stdout ?? ''} ${stderr ?? ''}`];
}

const GROUP = 'ThreadUnavailableError ERR_THREAD_UNAVAILABLE: Cannot start loop';
const JOB =
  'ThreadUnavailableError ERR_THREAD_UNAVAILABLE: Cannot start a thread of the executor: the system gives no thread (EAGAIN) <- ERR_WORKER_INIT_FAILED';
const REFUSED = 'the system gives no thread (EAGAIN) <- ERR_WORKER_INIT_FAILED';
const DIED =
  'PeerExitedError ERR_PEER_EXITED: Cannot finish dieNow(): its thread ended (worker exited with code: 3) <- nothing';

const EXPECTED: readonly (readonly [title: string, scenario: string, lines: readonly string[]])[] = [
  [
    'LoopGroup.spawn() ends the loops that have started, says why, and works when there are threads again',
    'spawn',
    [`${GROUP} "loop-2": ${REFUSED}`, '3', 'over'],
  ],
  [
    'LoopGroup tells onExit that a loop could not be restarted, and tries again until it can',
    'restart',
    ['3 null true', `1 ${GROUP} "loop-0": ${REFUSED} true`, '2', '3', '7', 'over'],
  ],
  [
    'LoopGroup.close() ends the attempts to restart a loop',
    'close before the restart',
    [`exited ${GROUP} "loop-0": ${REFUSED}`, 'over'],
  ],
  [
    'PiscinaExecutor rejects jobs that get no thread, and runs later ones',
    'executor',
    [JOB, JOB, '11', DIED, 'waited', '5 3', 'over'],
  ],
  [
    'PiscinaExecutor with minThreads leaves no thread behind, and outlives one that cannot be replaced',
    'executor with minThreads',
    [JOB, '7', DIED, '11', 'over'],
  ],
  [
    'PiscinaExecutor.shutdown() without waiting ends a pool that got no thread',
    'executor shut down without waiting',
    [JOB, 'over'],
  ],
];

// In a process of its own each: its limit is for all threads, and what goes wrong here takes the process with it.
describe('Where the system gives no more threads (skipped where RLIMIT_NPROC cannot be made to hold)', () => {
  for (const [title, scenario, expected] of EXPECTED) {
    it(title, async function () {
      const lines = await linesOf(scenario);
      if (lines[0] === 'not limited') {
        console.log(
          '      RLIMIT_NPROC does not hold for this user, and setpriv cannot take its privileges:',
        );
        this.skip();
      }
      expect(lines).to.deep.equal(expected);
    })
      .timeout(90_000)
      .slow(10_000);
  }
});
