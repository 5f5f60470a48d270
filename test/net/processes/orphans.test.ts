import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createSubprocessExec, SelectorEventLoop } from '@ringloop/net';
import { adoptChildrenOfWorkers, orphanCount } from '@ringloop/net/internal';
import { expect } from 'chai';
import { onHandles } from '../backend.js';
import { openDescriptors } from '../descriptors.js';
import type { SpawningData } from '../fixtures/spawning-worker.js';
import { inLoop } from '../in-loop.js';
import { stateOf } from './process-recorder.js';

const FIXTURE = new URL('../fixtures/spawning-worker.js', import.meta.url);

function start(data: Partial<SpawningData>): Worker {
  return new Worker(FIXTURE, {
    workerData: { role: 'leave', count: 5, how: 'terminate', uid: null, ...data },
  });
}

/** Children of this process, zombies as well. */
function children(): number[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8')
        .trim()
        .split(' ')
        .filter(Boolean)
        .map(Number);
    } catch {
      return []; // the thread has ended
    }
  });
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => stateOf(pid) !== null)) await delay(2);
}

describe('Children of workers', function () {
  this.slow(5000).timeout(60_000);
  before(() => adoptChildrenOfWorkers());

  it('200 at once from four workers: every code and output is right, and nothing is left', async () => {
    const before = children();
    const workers = Array.from({ length: 4 }, () => start({ role: 'many', count: 50 }));
    const pids: number[] = [];
    for (const found of await Promise.all(workers.map((worker) => once(worker, 'message')))) {
      pids.push(...(found[0] as number[]));
    }
    expect(pids.filter((pid) => pid === -1)).to.deep.equal([]);
    expect(new Set(pids).size).to.equal(200);
    await untilGone(pids);
    expect(children().filter((pid) => !before.includes(pid))).to.deep.equal([]);
  });

  const mayChangeUser = process.getuid?.() === 0;
  for (const uid of mayChangeUser && !onHandles ? [null, 65_534] : [null]) {
    for (const how of ['terminate', 'exit', 'throw'] as const) {
      it(`of a worker that ends by: ${how}${uid === null ? '' : ', as another user'}, do not become zombies`, async () => {
        const before = openDescriptors();
        const worker = start({ how, uid });
        worker.on('error', () => undefined);
        const [pids] = (await once(worker, 'message')) as [number[]];
        const ended = once(worker, 'exit').catch(() => undefined);
        if (how === 'terminate') await worker.terminate();
        await ended;
        const sleeper = pids.pop() ?? 0;
        await untilGone(pids);
        expect(stateOf(sleeper)).to.equal('S'); // nobody has asked it to end
        process.kill(sleeper, 'SIGKILL');
        await untilGone([sleeper]);
        while (orphanCount() > 0) await delay(1);
        const left = [...openDescriptors()].filter(
          ([fd, what]) => !before.has(fd) && /pipe|pidfd/.test(what),
        );
        expect(left).to.deep.equal([]);
      });
    }
  }

  it('of a worker that is terminated at any moment, again and again, do not become zombies', async () => {
    const before = children();
    for (let round = 0; round < 8; round++) {
      const worker = start({ role: 'endless' });
      for (let left = round % 5; left >= 0; left--) await once(worker, 'message');
      await worker.terminate();
    }
    while (children().some((pid) => !before.includes(pid))) await delay(2);
    expect(orphanCount()).to.equal(0);
  });
});

describe('Children of a loop that is closed', () => {
  it('are reaped by their thread, also while no loop runs', async () => {
    const loop = new SelectorEventLoop();
    const pids = await loop.runUntilComplete(async () => {
      const found: number[] = [];
      for (let left = 3; left > 0; left--) found.push((await createSubprocessExec('sleep', ['100'])).pid);
      return found;
    });
    loop.close();
    await untilGone(pids);
    while (orphanCount() > 0) await delay(1);
  });

  it('that starts and reaps many at a time, in a flood of SIGCHLD, tells every one', () =>
    inLoop(async () => {
      let listened = 0;
      const onChild = (): void => {
        listened++;
      };
      process.on('SIGCHLD', onChild);
      const started = await Promise.all(Array.from({ length: 60 }, () => createSubprocessExec('true')));
      const codes = await Promise.all(started.map((made) => made.wait()));
      process.off('SIGCHLD', onChild);
      expect(codes).to.deep.equal(Array(60).fill(0));
      expect(listened).to.be.above(0);
    }));
});
