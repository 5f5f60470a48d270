// For sibling packages and tests only.
export { planArguments, readArguments, sendAside, writeArguments } from './arguments.js';
export { closeBell, hush, isRung, ring, Sleeper } from './bell.js';
export { BlockedThreads } from './blocked-threads.js';
export { CalledFunctions } from './called-functions.js';
export { cloneFailure } from './clone-failure.js';
export { allocateInbox, type InboxAddress, InboxMemory, LANES, thisProducer } from './inbox-memory.js';
export { InboxReader, type InboxEvents } from './inbox-reader.js';
export { LaneReader, type LaneEvents } from './lane-reader.js';
export { FULL_LANE, LaneWriter, SEALED_LANE, writeCallWithNumber, writeRecord } from './lane-writer.js';
export { LoopInbox } from './loop-inbox.js';
export { callsSent, outboxCount, outboxTo } from './outboxes.js';
export { pack, type Packed, packThrown, unpack } from './packing.js';
export { importRemote, lookUpRemote, REMOTE, type RemoteId, remoteIdOf } from './remote.js';
export { SideRoad, SideRoadSender } from './side-road.js';
export { Cell, HEAD, Kind, Segment, TAIL } from './segment.js';
export { takeAway, transferredBy } from './transfer.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
