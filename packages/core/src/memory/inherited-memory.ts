/** Memory that a thread passes on to the threads that it starts, through Node's environment data. */
import { types } from 'node:util';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { PROTOCOL } from '../process-registry.js';

/** The memory that was inherited or made here under that name, or null if there is none. */
export function peekInherited(name: string): SharedArrayBuffer | null {
  const inherited = getEnvironmentData(keyOf(name));
  return types.isSharedArrayBuffer(inherited) ? inherited : null; // in any realm
}

/** The memory under that name. Makes it if there is none; threads that were started before that do not share it. */
export function inheritMemory(name: string, sizeBytes: number): SharedArrayBuffer {
  const inherited = peekInherited(name);
  if (inherited !== null) return inherited;
  const memory = new SharedArrayBuffer(sizeBytes);
  setEnvironmentData(keyOf(name), memory);
  return memory;
}

/** The key contains the protocol, because another protocol has another memory layout. */
function keyOf(name: string): string {
  return `ringloop.${name}.v${PROTOCOL}`;
}
