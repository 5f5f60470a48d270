/** Memory that a thread hands on to those that it starts, by Node's environment data. */
import { types } from 'node:util';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';
import { PROTOCOL } from '../process-registry.js';

/** What was inherited, or made here before, under that name; null: nothing. */
export function peekInherited(name: string): SharedArrayBuffer | null {
  const inherited = getEnvironmentData(keyOf(name));
  return types.isSharedArrayBuffer(inherited) ? inherited : null; // of whatever realm
}

/** The same, made where there is none: threads that are started before it is there do not share it. */
export function inheritMemory(name: string, sizeBytes: number): SharedArrayBuffer {
  const inherited = peekInherited(name);
  if (inherited !== null) return inherited;
  const memory = new SharedArrayBuffer(sizeBytes);
  setEnvironmentData(keyOf(name), memory);
  return memory;
}

/** Another protocol has another layout. */
function keyOf(name: string): string {
  return `ringloop.${name}.v${PROTOCOL}`;
}
