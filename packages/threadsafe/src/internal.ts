// For sibling packages and tests only.
export { planArguments, readArguments, sendOutOfBand, writeArguments } from './codec/arguments.js';
export { closeWakeWord, acknowledge, isSignalled, wake, Sleeper, wakeByEventfd } from './memory/wake-word.js';
export { BlockedThreads } from './memory/blocked-threads.js';
export { FunctionTable } from './inbox/function-table.js';
export { cloneFailure } from './codec/clone-failure.js';
export { CallTable, type Numbered } from './calls/call-table.js';
export { SpawnedThreads } from './exits/spawned-threads.js';
export { exposedObjectsOf } from './control/exposed-objects.js';
export { flushOutput } from './threads/flush-output.js';
export { hearExits, onThreadExit } from './exits/thread-exits.js';
export { allocateInbox, type InboxAddress, InboxMemory, LANES, thisProducer } from './memory/inbox-memory.js';
export { importModule, refuseWhileImporting } from './references/import-module.js';
export { InboxReader, type InboxEvents } from './inbox/inbox-reader.js';
export { LaneReader, type LaneEvents } from './inbox/lane-reader.js';
export {
  FULL_LANE,
  LaneWriter,
  NO_FAST_PATH,
  SEALED_LANE,
  writeCallWithNumber,
  writeRecord,
} from './inbox/lane-writer.js';
export { inheritTsx } from './threads/inherit-tsx.js';
export { loadedByRequire } from './references/loaded-by-require.js';
export { LoopInbox } from './loop/loop-inbox.js';
export { callsSent, outboxCount, inboxWriterTo } from './calls/inbox-writers.js';
export { offerChannel, offeredChannel } from './memory/private-channel.js';
export { checkPreload, importAll } from './references/preload.js';
export { replyInboxFor } from './calls/reply-inbox.js';
export { ownFile } from './threads/own-file.js';
export { dieReadably } from './exits/own-death.js';
export { pack, type Packed, packThrown, unpack } from './codec/packing.js';
export { importRemote, lookUpRemote, REMOTE, type RemoteId, remoteIdOf } from './references/remote.js';
export { CancelToken } from './shared/cancel-token.js';
export { ItemRing, ringBytes, type RingSize } from './shared/item-ring.js';
export { QueueMemory, queueBytes } from './shared/queue-memory.js';
export { SharedEvent } from './shared/shared-event.js';
export { WAIT_QUEUE_WORDS, WaitQueueMemory } from './shared/wait-queue-memory.js';
export { FairPermits } from './shared/fair-permits.js';
export { HolderWord, PermitCells, PermitCounter, type Permits } from './shared/permits.js';
export { REPAIR } from './shared/shared-object.js';
export { NOTHING, type Sleep, WaitQueue } from './shared/wait-queue.js';
export { WordWaiters } from './shared/word-waiters.js';
export { BroadcastReceiver, BroadcastSender } from './out-of-band/broadcast.js';
export { Spinning } from './loop/spinning.js';
export { Cell, HEAD, Kind, PRIVATE_CHANNEL, Ring, TAIL } from './memory/ring.js';
export { takeAway, transferredBy, unmark } from './codec/transfer.js';
export { type CheckedThreadOptions, checkThreadOptions } from './threads/thread-options.js';
export { ThreadOutput } from './threads/thread-output.js';
export { threadUnavailable } from './threads/thread-unavailable.js';
export { ThreadsafeHandle } from './calls/threadsafe-handle.js';
