import { EventLoop, type ExceptionContext, run } from 'ringloop';
import { GatedExecutor } from './gated-executor.js';

export interface Inside {
  readonly loop: EventLoop;
  readonly executor: GatedExecutor;
  /** What the loop reported to its exception handler. A test takes out what it expects; the rest fails it. */
  readonly reports: ExceptionContext[];
}

/** Runs `body` in a loop with sockets whose executor runs in this thread, when the test lets it. */
export async function inLoop(body: (inside: Inside) => Promise<void>): Promise<void> {
  const executor = new GatedExecutor();
  const reports: ExceptionContext[] = [];
  const loop = new EventLoop({ createExecutor: () => executor });
  loop.setExceptionHandler((_, context) => reports.push(context));
  await run(() => body({ loop, executor, reports }), { loopFactory: () => loop });
  const [untaken] = reports;
  if (untaken !== undefined)
    throw new Error(`Reported: ${untaken.message ?? ''}`, { cause: untaken.exception });
}
