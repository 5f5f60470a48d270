import type { Func, AsyncFunc } from 'mocha';

/** Whether the loops of the tests work on Node's own handles: `npm run test:libuv`. */
export const onHandles = process.env.RINGLOOP_NET === 'libuv';

/** Whether Node's own sockets have SO_REUSEPORT here. */
export const nodeHasReusePort = /^v(22\.1[2-9]|22\.[2-9]\d|23\.[1-9]|2[4-9]|[3-9]\d)/.test(process.version);

/** A test of what loops on Node's handles have not. Its title says why it is left out there. */
export function itWithEpoll(why: string, title: string, test: Func | AsyncFunc): Mocha.Test {
  return (onHandles ? it.skip : it)(`${title} (with epoll only: ${why})`, test as AsyncFunc);
}

/** The same for a whole group of tests. */
export function describeWithEpoll(why: string, title: string, tests: () => void): Mocha.Suite | void {
  return (onHandles ? describe.skip : describe)(`${title} (with epoll only: ${why})`, tests);
}
