import { inspect } from 'node:util';
import type { BaseProtocol } from '../transports/protocol.js';
import type { BaseTransport } from '../transports/transport.js';

/** The method of a protocol that is called when the writer of its connection was dropped and not closed. */
export const WRITER_DROPPED: unique symbol = Symbol('writerDropped');

// Holds transports weakly: their loops hold them while they are open, and a loop that is closed must not be held for them.
const unclosed = new FinalizationRegistry<WeakRef<BaseTransport>>((reference) => {
  const transport = reference.deref();
  if (transport === undefined || transport.isClosing()) return;
  const protocol: BaseProtocol & { [WRITER_DROPPED]?(): void } = transport.getProtocol();
  if (protocol[WRITER_DROPPED] === undefined) return; // another protocol has taken over the connection
  process.emitWarning(`unclosed <StreamWriter transport=${inspect(transport)}>`, {
    type: 'ResourceWarning',
    code: 'RINGLOOP_UNCLOSED_WRITER',
  });
  protocol[WRITER_DROPPED]();
});

/** Warns when `writer` is garbage collected and its transport is still open. CPython: StreamWriter.__del__. */
export function watchForClose(writer: object, transport: BaseTransport): void {
  unclosed.register(writer, new WeakRef(transport));
}
