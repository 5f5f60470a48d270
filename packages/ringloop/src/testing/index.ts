// The only module of `ringloop/testing`, for tests of programs that run in an event loop.
export { DeadlockError } from '@ringloop/core';
export { TestEventLoop, type TestEventLoopOptions } from './test-event-loop.js';
