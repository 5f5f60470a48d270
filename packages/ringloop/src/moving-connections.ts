/**
 * Lets calls between threads carry connections: neither the calls nor the connections know the other. A connection that was
 * sent to a thread comes back when that thread ends before it has taken it.
 */
import { DetachedConnection } from '@ringloop/net';
import {
  arrive,
  CONNECTION_KIND,
  connectionDropped,
  connectionSent,
  type ConnectionWire,
  receiverEnded,
} from '@ringloop/net/internal';
import { hasEnded, onThreadExit, registerSendable } from '@ringloop/threadsafe/internal';

registerSendable<ConnectionWire>(CONNECTION_KIND, DetachedConnection, arrive, {
  sent: (wire, receiver) => connectionSent(wire, receiver, hasEnded),
  dropped: connectionDropped,
});

onThreadExit((threadId) => receiverEnded(threadId + 1));
