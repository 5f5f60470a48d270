import { inspectSafely } from './debug/inspect-safely.js';

/**
 * What a loop can own. 'connection attempt': a socket that connects or binds. 'watcher': the reader or writer of a
 * descriptor. 'executor': the default executor, once it was used.
 */
export type ResourceKind =
  | 'task'
  | 'timer'
  | 'executor'
  | 'transport'
  | 'server'
  | 'process'
  | 'connection attempt'
  | 'watcher'
  | 'exposed object'
  | 'signal handler';

/** Something that a loop owns, as `loop.resources()` lists it. */
export interface Resource {
  readonly kind: ResourceKind;
  /** The thing as `console.log()` shows it, or the name under which the loop knows it. One line. */
  readonly name: string;
  /** Where it was made, as in an error's stack; undefined unless the loop was in debug mode. Python: source_traceback. */
  readonly sourceTraceback: string | undefined;
}

/** Something that a loop owns, as its keeper gives it. */
export interface Owned {
  readonly kind: ResourceKind;
  /** Its name, or the object that `inspect()` shows. */
  readonly shown: unknown;
  readonly sourceTraceback: string | undefined;
}

/** Gives what one part of the loop keeps at this moment. */
export type ResourceKeeper = () => Iterable<Owned>;

/**
 * Knows who keeps the things that a loop owns. The things stay with their keepers, which have them in a table anyway, so
 * a resource costs nothing until somebody asks.
 */
export class Resources {
  readonly #keepers: ResourceKeeper[] = [];

  addKeeper(keeper: ResourceKeeper): void {
    this.#keepers.push(keeper);
  }

  list(): Resource[] {
    return this.#keepers.flatMap((keeper) =>
      [...keeper()].map(({ kind, shown, sourceTraceback }) => ({
        kind,
        name: nameOf(shown),
        sourceTraceback,
      })),
    );
  }
}

function nameOf(shown: unknown): string {
  if (typeof shown === 'string') return shown;
  return inspectSafely(shown, { depth: 0, breakLength: Infinity }).replaceAll(/\s*\n\s*/g, ' ');
}
