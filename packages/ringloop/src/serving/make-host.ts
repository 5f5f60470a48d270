import type { Protocol, SelectorEventLoop } from '@ringloop/net';
import { ProtocolHost } from './protocol-host.js';
import type { StationHost } from './station-host.js';

export type HostKind = 'protocol';

/** What a host gets from its station. */
export interface HostParts {
  readonly loop: SelectorEventLoop;
  /** The index of the loop in its group. */
  readonly index: number;
  /** Aborted when no more connections will come. */
  readonly signal: AbortSignal;
  /** Called when a connection is gone. */
  readonly onGone: () => void;
}

/** @param made the function that a remote reference stands for */
export function makeHost(made: (...args: never) => unknown, { loop, onGone }: HostParts): StationHost {
  return new ProtocolHost(loop, made as () => Protocol, onGone); // its result is checked for each connection
}
