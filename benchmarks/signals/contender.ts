// One of Node's contenders in a process of its own: notes when each SIGUSR2 reaches its handler, see signals.ts.
import { writeSync } from 'node:fs';
import { EventLoop, getRunningLoop, LoopGroup, remote, run, sleep } from 'ringloop';
import { isMainThread } from 'node:worker_threads';

const note = (): void => void writeSync(1, `${process.hrtime.bigint()}\n`);

/** Called in the loop of a worker. */
export const listen = remote(import.meta.url, function listen(): void {
  getRunningLoop().addSignalHandler('SIGUSR2', note);
  writeSync(1, 'ready\n');
});

const contenders: Record<string, () => Promise<void>> = {
  async 'process.on'() {
    process.on('SIGUSR2', note);
    writeSync(1, 'ready\n');
    setInterval(() => undefined, 60_000);
  },

  async 'main loop'() {
    const loop = new EventLoop();
    loop.addSignalHandler('SIGUSR2', note);
    writeSync(1, 'ready\n');
    await loop.runForever();
  },

  async 'worker loop'() {
    await run(async () => {
      await using group = await LoopGroup.spawn({ loops: 1 });
      await group.loop(0).runCoroutineThreadsafe(listen);
      await sleep(3600);
    });
  },
};

if (isMainThread) await contenders[process.argv[2] ?? '']?.();
