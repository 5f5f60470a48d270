import { BaseEventLoop, type ExceptionContext, type LoopPorts, VirtualHost } from '@ringloop/core';

/** A loop whose sleeps take no time: its clock jumps to the next deadline. */
export function jumpingLoop(ports: LoopPorts = {}): BaseEventLoop {
  return new BaseEventLoop({ host: new VirtualHost({ autojump: true }), ...ports });
}

/** Runs one iteration, as CPython's test_utils.run_once(). */
export async function runOnce(loop: BaseEventLoop): Promise<void> {
  loop.callSoon(() => {
    loop.stop();
  });
  await loop.runForever();
}

/** What the loop reports from now on. */
export function reportsOf(loop: BaseEventLoop): ExceptionContext[] {
  const reports: ExceptionContext[] = [];
  loop.setExceptionHandler((_, context) => reports.push(context));
  return reports;
}
