import type { BaseEventLoop } from '../event-loop.js';
import type { Resource, ResourceKind } from '../resources.js';

/**
 * These hold something of the system: a connection, a port, a child. To leave them to `close()` is a mistake, because
 * what they had to send is lost and their protocols hear nothing. The others end with the loop. Only debug mode reports
 * them, because a timer that never fires may be the bug that is looked for.
 */
const MUST_BE_CLOSED: ReadonlySet<ResourceKind> = new Set(['transport', 'server', 'process']);

/** Debug mode does not report these: tasks have a report of their own, and the executor is abandoned in good order. */
const TOLD_ELSEWHERE: ReadonlySet<ResourceKind> = new Set(['task', 'executor']);

/** How many resources the warning names; arbitrary. */
const MOST_SHOWN = 20;

/**
 * Warns about the resources that are open when their loop is closed, in one ResourceWarning. CPython does so for each,
 * in `__del__`, when it is garbage collected.
 */
export function reportResources(loop: BaseEventLoop): void {
  const debug = loop.getDebug();
  const open = loop
    .resources()
    .filter(({ kind }) => MUST_BE_CLOSED.has(kind) || (debug && !TOLD_ELSEWHERE.has(kind)));
  if (open.length === 0) return;
  const lines = open.slice(0, MOST_SHOWN).map(describe);
  if (open.length > MOST_SHOWN) lines.push(`and ${open.length - MOST_SHOWN} more`);
  const count = open.length === 1 ? '1 open resource' : `${open.length} open resources`;
  process.emitWarning(`Loop "${loop.name}" was closed with ${count}`, {
    type: 'ResourceWarning',
    code: 'RINGLOOP_OPEN_RESOURCES',
    detail: lines.join('\n'),
  });
}

function describe({ kind, name, sourceTraceback }: Resource): string {
  const made = sourceTraceback === undefined ? '' : `, made at (most recent call first):\n${sourceTraceback}`;
  return `${kind} ${name}${made}`;
}
