import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { Tinypool } from 'tinypool';
import { PAYLOADS } from '../payload.js';
import { answering } from './in-flight.js';
import type { EchoPeer, Peer } from './peer.js';

/** One thread, which never goes; so many jobs at once that they need not wait for one another. */
const OPTIONS = {
  filename: fileURLToPath(new URL('./pool-worker.js', import.meta.url)),
  minThreads: 1,
  maxThreads: 1,
  concurrentTasksPerWorker: 256,
};

/** piscina as it comes: between jobs its thread waits by Atomics.wait, its fastest way. */
export async function openPiscina(): Promise<Peer & EchoPeer> {
  const pool = new Piscina({ ...OPTIONS, maxQueue: 256 });
  return answering(
    () => pool.run(PAYLOADS.number, { name: 'echo' }) as Promise<number>, // see pool-worker.ts
    () => pool.destroy(),
  );
}

export async function openTinypool(): Promise<Peer & EchoPeer> {
  const pool = new Tinypool(OPTIONS);
  return answering(
    () => pool.run(PAYLOADS.number, { name: 'echo' }) as Promise<number>, // see pool-worker.ts
    () => pool.destroy(),
  );
}
