export { ConcurrentFuture, wrapFuture } from './concurrent-future.js';
export { Exposure } from './control/exposed-objects.js';
export { proxy } from './control/proxy.js';
export {
  type ProxyMarked,
  releaseProxy,
  type Remote,
  type RemoteFunctions,
  type RemoteHandle,
  type RemoteMember,
  type RemoteMembers,
} from './control/remote-object.js';
export type { WrapOptions } from './control/wrap.js';
export { registerErrorClass } from './error-codec.js';
export {
  CloneError,
  MainThreadError,
  NameTakenError,
  NotExposedError,
  PeerExitedError,
  RemoteFunctionError,
  RingFullError,
  TooManyProducersError,
} from './errors.js';
export { type LoopFactory, LoopGroup, type LoopGroupOptions } from './loop-group.js';
export { LoopRef, type RemoteCallback } from './loop-ref.js';
export { remote, type RemoteFunction } from './remote.js';
export type { LoopRefStatistics } from './outbox.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
export type { LoopRefOptions } from './when-full.js';
