/**
 * What the workers of a LoopGroup are started with. The rest it gets as its spawner has got this package, because the modules of the
 * program will: by the same way, and from the same place. With --preserve-symlinks that is another than this file's own, of which
 * Node resolves the links: it is the main module of its thread. It is CommonJS, because no module may be that with --input-type,
 * which a worker inherits from a program given by --eval.
 */
import type { LoopWorkerData } from './loop-worker.js' with { 'resolution-mode': 'import' };

void start(); // what it rejects with ends the thread, and the spawner is told

async function start(): Promise<void> {
  const { workerData } = await import('node:worker_threads');
  const { main, byRequire } = workerData as LoopWorkerData; // as LoopWorker sends it
  const { runMember } = (
    byRequire ? (await import('node:module')).createRequire(main)(main) : await import(main)
  ) as typeof import('./loop-worker-main.js', { with: { 'resolution-mode': 'import' } });
  await runMember();
}
