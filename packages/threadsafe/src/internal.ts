// For sibling packages and tests only.
export { planArguments, readArguments, sendAside, writeArguments } from './arguments.js';
export { closeBell, hush, isRung, ring, Sleeper, wakeByEventfd } from './bell.js';
export { BlockedThreads } from './blocked-threads.js';
export { CalledFunctions } from './called-functions.js';
export { cloneFailure } from './clone-failure.js';
export { CallTable, type Numbered } from './call-table.js';
export { Descendants } from './descendants.js';
export { exposedObjectsOf } from './control/exposed-objects.js';
export { flushOutput } from './flush-output.js';
export { hearExits, onThreadExit } from './exit-news.js';
export { allocateInbox, type InboxAddress, InboxMemory, LANES, thisProducer } from './inbox-memory.js';
export { importModule, refuseWhileImporting } from './import-module.js';
export { InboxReader, type InboxEvents } from './inbox-reader.js';
export { LaneReader, type LaneEvents } from './lane-reader.js';
export {
  FULL_LANE,
  LaneWriter,
  NOT_EASY,
  SEALED_LANE,
  writeCallWithNumber,
  writeRecord,
} from './lane-writer.js';
export { inheritTsx } from './inherit-tsx.js';
export { loadedByRequire } from './loaded-by-require.js';
export { LoopInbox } from './loop-inbox.js';
export { callsSent, outboxCount, outboxTo } from './outboxes.js';
export { offerChannel, offeredChannel } from './own-channel.js';
export { checkPreload, importAll } from './preload.js';
export { thisMailbox } from './mailbox.js';
export { ownFile } from './own-file.js';
export { dieReadably } from './own-death.js';
export { pack, type Packed, packThrown, unpack } from './packing.js';
export { importRemote, lookUpRemote, REMOTE, type RemoteId, remoteIdOf } from './remote.js';
export { CancelToken } from './shared/cancel-token.js';
export { ItemRing, ringBytes, type RingSize } from './shared/item-ring.js';
export { QueueMemory, queueBytes } from './shared/queue-memory.js';
export { SharedEvent } from './shared/shared-event.js';
export { LINE_WORDS, LineMemory } from './shared/line-memory.js';
export { Passage } from './shared/passage.js';
export { HolderWord, PermitCells, PermitCounter, type Permits } from './shared/permits.js';
export { REPAIR } from './shared/shared-view.js';
export { NOTHING, type Sleep, WaitingLine } from './shared/waiting-line.js';
export { WordWatch } from './shared/word-watch.js';
export { SideRoad, SideRoadSender } from './side-road.js';
export { Spinning } from './spinning.js';
export { Cell, HEAD, Kind, OWN_CHANNEL, Segment, TAIL } from './segment.js';
export { takeAway, transferredBy, unmark } from './transfer.js';
export { type CheckedThreadOptions, checkThreadOptions } from './thread-options.js';
export { ThreadOutput } from './thread-output.js';
export { threadUnavailable } from './thread-unavailable.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
