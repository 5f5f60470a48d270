/** A module of remote functions for the projects of these tests. */
export const JOBS = `
import { remote } from 'ringloop';
import { readFile } from 'node:fs/promises';
export const add = remote(import.meta.url, function add(a, b) { return a + b; });
export const read = remote(import.meta.url, function read(path) { return readFile(path); });
export const fail = remote(import.meta.url, function fail() { throw new RangeError('no'); });
`;

/** What must hold in a test runner: \`cases\`, each given a function that compares. */
export const CASES = `
import { CancelledError, getRunningLoop, LoopGroup, remoteModule, run, sleep, TimeoutError, waitFor } from 'ringloop';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { add, fail, read } from './jobs.mjs';
const inGroup = (body) => run(async () => {
  const group = await LoopGroup.spawn({ loops: 1 });
  try { return await body(group.next()); } finally { await group.close(); }
});
export const cases = {
  'tasks': async (same) => same(await run(async () => { await sleep(0.01); return 7; }), 7),
  'errors of Node keep their code': async (same) => {
    same(await run(() => readFile('/no/such')).catch((error) => error.code), 'ENOENT');
    same(await run(async () => { try { await getRunningLoop().createTask(() => readFile('/no/such')); } catch (error) { return error.code; } }), 'ENOENT');
  },
  'cancelling what Node does': async (same) => same(await run(async () => {
    const task = getRunningLoop().createTask((signal) => delay(60000, undefined, { signal }));
    await sleep(0.01);
    task.cancel();
    try { await task; } catch (error) { return [error instanceof CancelledError, task.cancelled()]; }
  }), [true, true]),
  'timeouts of what Node does': async (same) => same(await run(async () => {
    try { await waitFor((signal) => delay(60000, undefined, { signal }), 0.02); } catch (error) { return error instanceof TimeoutError; }
  }), true),
  'calls': async (same) => same(await inGroup((ref) => ref.runCoroutineThreadsafe(add, 1, 2)), 3),
  'errors from other threads': async (same) => {
    same(await inGroup((ref) => ref.runCoroutineThreadsafe(fail).then(() => 0, (error) => [error instanceof RangeError, error.message])), [true, 'no']);
    same(await inGroup((ref) => ref.runCoroutineThreadsafe(read, '/no/such').then(() => 0, (error) => error.code)), 'ENOENT');
  },
  'objects to other threads': async (same) => {
    const { inspect } = remoteModule('node:util');
    const value = { list: [1, new Map([[1, new Set([2])]])], date: new Date(0), bytes: new Uint8Array(2), pattern: /x/g };
    same(await inGroup((ref) => ref.runCoroutineThreadsafe(inspect, value, { depth: 9, breakLength: Infinity })),
      '{ list: [ 1, Map(1) { 1 => Set(1) { 2 } } ], date: 1970-01-01T00:00:00.000Z, bytes: Uint8Array(2) [ 0, 0 ], pattern: /x/g }');
  },
  'the executor': async (same) => {
    same(await run(() => getRunningLoop().runInExecutor(null, add, 1, 2)), 3);
    same(await run(async () => { try { await getRunningLoop().runInExecutor(null, read, '/no/such'); } catch (error) { return error.code; } }), 'ENOENT');
  },
};
`;

/** How many there are. */
export const CASES_COUNT = 8;
