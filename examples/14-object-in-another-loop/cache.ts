// What lives in the other loop, and what sets it up there.
import { getRunningLoop, registerErrorClass, type Remote, remote, sleep } from 'ringloop';

export class StaleError extends Error {
  override readonly name = 'StaleError';
  readonly code = 'ERR_STALE';
}
registerErrorClass(StaleError);

export type Watcher = (key: string) => Promise<void>;

export class Cache {
  readonly stats = { hits: 0, misses: 0 };
  readonly #values = new Map<string, string>();
  #watcher: Remote<Watcher> | null = null;

  async put(key: string, value: string): Promise<void> {
    this.#values.set(key, value);
    await this.#watcher?.(key);
  }

  get(key: string): string {
    const value = this.#values.get(key);
    this.stats[value === undefined ? 'misses' : 'hits']++;
    if (value === undefined) throw new StaleError(`Cannot find ${key} in ${getRunningLoop().name}`);
    return value;
  }

  async refresh(): Promise<void> {
    await sleep(60);
  }

  watch(watcher: Remote<Watcher>): void {
    this.#watcher = watcher;
  }
}

export const exposeCache = remote(import.meta.url, function exposeCache(): void {
  getRunningLoop().ref().expose('cache', new Cache());
});
