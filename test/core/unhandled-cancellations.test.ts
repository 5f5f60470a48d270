import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { BaseEventLoop, currentTask, type Future, sleep } from '@ringloop/core';
import { expect } from 'chai';
import { jumpingLoop } from './virtual-loop.js';

const PROGRAM = fileURLToPath(new URL('fixtures/unhandled-program.js', import.meta.url));

function run(which: string, ...flags: string[]): { out: string[]; error: string } {
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, PROGRAM, which], { encoding: 'utf8' });
  return { out: stdout.trim().split('\n'), error: stderr };
}

describe('core/unhandled-cancellations', function () {
  this.slow(2000);

  for (const which of ['tasks', 'helper']) {
    it(`BaseEventLoop goes on when a cancellation is left alone: ${which}`, () => {
      const { out, error } = run(which);
      expect([out, error]).to.deep.equal([['goes on', 'listeners 0', 'exit 0'], '']);
    });
  }

  for (const [which, shown] of Object.entries({
    error: 'RangeError: mine',
    nothing: 'null',
    text: 'no error at all',
    proxy: 'node:internal', // Node itself fails to show it
  })) {
    it(`BaseEventLoop leaves other unhandled rejections to Node, which ends the process: ${which}`, () => {
      const { out, error } = run(which);
      expect(out).to.deep.equal(['exit 1']);
      expect(error).to.include(shown);
      const warned = run(which, '--unhandled-rejections=warn');
      expect(warned.out).to.deep.equal(['goes on', 'listeners 0', 'exit 0']);
    });
  }

  it('BaseEventLoop that ends leaves no listener behind', () => {
    const { out, error } = run('last', '--unhandled-rejections=warn');
    expect(out).to.deep.equal(['goes on', 'listeners 0', 'exit 0']);
    expect(error).to.include('as it ends');
  });

  it('BaseEventLoop leaves unhandled rejections to listeners of the process if there are any', () => {
    expect(run('listener').out).to.deep.equal([
      'listener RangeError: mine',
      'listener CancelledError: theirs',
      'goes on',
      'listeners 1',
      'exit 0',
    ]);
  });

  it('sleep(0) that nobody awaits does not take a cancellation', async () => {
    const log: string[] = [];
    const loop = jumpingLoop();
    const task = loop.createTask(async () => {
      void sleep(0);
      currentTask()?.cancel('kept');
      await new Promise(setImmediate);
      await new Promise(setImmediate);
      await sleep(5).catch((reason: unknown) => log.push(String(reason)));
    });
    await withoutListeners(() => loop.runUntilComplete(task));
    expect(log).to.deep.equal(['CancelledError: kept']);
  });

  it('Promise.race() that nobody awaits does not take a cancellation for good', async () => {
    const log: string[] = [];
    const loop = new BaseEventLoop();
    let shared!: Future<void>;
    const task = loop.createTask(async () => {
      shared = loop.createFuture();
      void Promise.race([shared, loop.createFuture()]);
      await new Promise((resolve) => setTimeout(resolve, 20));
      await sleep(5).catch((reason: unknown) => log.push(String(reason)));
    });
    loop.callLater(0.005, () => task.cancel('kept'));
    await withoutListeners(() => loop.runUntilComplete(task));
    expect(log).to.deep.equal(['CancelledError: kept']);
  });

  /** mocha takes every unhandled rejection for a failure. */
  async function withoutListeners(fn: () => Promise<unknown>): Promise<void> {
    const before = process.rawListeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    try {
      await fn();
    } finally {
      for (const listener of before) process.on('unhandledRejection', listener as () => void);
    }
  }
});
