import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';
import { LoopGroup } from '@ringloop/threadsafe';

/**
 * How the connections of a server get to the loops of a group.
 *
 * - 'round-robin': the server's loop accepts, and gives each loop one in turn.
 * - 'least-busy': the server's loop accepts, and gives each to the loop that has the fewest.
 * - 'shared': all loops accept from the server's socket; whoever is awake first gets the connection.
 * - 'reuse-port': each loop has a socket of its own on the port, and the kernel picks one. When a loop ends, connections that
 *   wait in its queue are lost.
 */
export type Distribute = 'round-robin' | 'least-busy' | 'shared' | 'reuse-port';

const WAYS: readonly unknown[] = ['round-robin', 'least-busy', 'shared', 'reuse-port'] satisfies Distribute[];

/** @throws {TypeError} ERR_INVALID_ARG_VALUE */
export function checkDistribute(distribute: unknown): asserts distribute is Distribute {
  if (WAYS.includes(distribute)) return;
  const ways = WAYS.map((way) => inspect(way)).join(', ');
  throw typeError(`distribute must be one of ${ways}, got ${inspect(distribute)}`, 'ERR_INVALID_ARG_VALUE');
}

/** @throws {TypeError} ERR_INVALID_ARG_TYPE */
export function checkGroup(group: unknown): asserts group is LoopGroup {
  if (group instanceof LoopGroup) return;
  throw typeError(`group must be a LoopGroup, got ${inspect(group, { depth: 0 })}`);
}
