/**
 * The entry file of the workers of a LoopGroup. It loads the rest as the spawner has loaded this package, by the same
 * way (import or require) and from the same place, because the modules of the program will use that copy. With
 * --preserve-symlinks this place differs from the path of this file: Node resolves the links of the main module of a
 * thread. The file is CommonJS because with --input-type, which a worker inherits from a program given by --eval, the
 * main module of a thread cannot be an ES module.
 */
import type { LoopWorkerData } from './loop-worker.js' with { 'resolution-mode': 'import' };

void start(); // a rejection ends the thread and is reported to the spawner

async function start(): Promise<void> {
  const { workerData } = await import('node:worker_threads');
  const { main, byRequire } = workerData as LoopWorkerData; // as LoopWorker sends it
  const { runLoopWorker } = (
    byRequire ? (await import('node:module')).createRequire(main)(main) : await import(main)
  ) as typeof import('./loop-worker-main.js', { with: { 'resolution-mode': 'import' } });
  await runLoopWorker();
}
