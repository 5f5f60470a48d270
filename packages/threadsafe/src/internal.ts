// For sibling packages and tests only.
export { planArguments, readArguments, writeArguments } from './arguments.js';
export { closeBell, hush, isRung, ring, Sleeper } from './bell.js';
export { BlockedThreads } from './blocked-threads.js';
export { CalledFunctions } from './called-functions.js';
export { encodeError, decodeError, type WireError } from './error-codec.js';
export { allocateInbox, type InboxAddress, InboxMemory, LANES, thisProducer } from './inbox-memory.js';
export { importModule, refuseWhileImporting } from './import-module.js';
export { InboxReader, type InboxEvents } from './inbox-reader.js';
export { LaneReader, type LaneEvents } from './lane-reader.js';
export { FULL_LANE, LaneWriter, SEALED_LANE, writeCallWithNumber, writeRecord } from './lane-writer.js';
export { LoopInbox } from './loop-inbox.js';
export { callsSent, outboxCount, outboxTo } from './outboxes.js';
export { checkPreload, importAll } from './preload.js';
export { importRemote, lookUpRemote, REMOTE, type RemoteId, remoteIdOf } from './remote.js';
export { SideRoad, SideRoadSender } from './side-road.js';
export { Cell, HEAD, Kind, Segment, TAIL } from './segment.js';
export { ThreadsafeHandle } from './threadsafe-handle.js';
