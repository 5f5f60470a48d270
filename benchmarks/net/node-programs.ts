import type { Listen } from './listening.js';
import { NODE_DATAGRAMS, NODE_HTTP, NODE_STREAMS } from './node-servers.js';
import { RINGLOOP_HTTP } from './ringloop-http.js';
import { RINGLOOP_DATAGRAMS, RINGLOOP_STREAMS } from './ringloop-servers.js';

/** All servers of Node, by what they serve and by name. */
export const NODE_PROGRAMS = {
  stream: { ...RINGLOOP_STREAMS, ...NODE_STREAMS },
  datagram: { ...RINGLOOP_DATAGRAMS, ...NODE_DATAGRAMS },
  http: { ...RINGLOOP_HTTP, ...NODE_HTTP },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Listen>>>>;
