// For tests of programs that run in an event loop: the one door of `ringloop/testing`.
export { DeadlockError } from '@ringloop/core';
export { TestEventLoop, type TestEventLoopOptions } from './test-event-loop.js';
