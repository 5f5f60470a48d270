export const PING = 0;
/** On a cache line of its own. */
export const PONG = 16;

/** TypeScript's ES2023 library lacks it. */
export const { waitAsync } = Atomics as unknown as {
  waitAsync: (words: Int32Array, index: number, value: number) => { value: string | Promise<string> };
};
