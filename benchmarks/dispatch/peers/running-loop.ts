import { EventLoop, type EventLoopOptions, type LoopRef } from 'ringloop';

/** A loop that runs in this thread beside plain promises: no task, which would make every await slower on Node 20. */
export interface RunningLoop {
  readonly ref: LoopRef;
  close(): Promise<unknown>;
}

export function startLoop(options: Pick<EventLoopOptions, 'spin' | 'wakeup'> = {}): RunningLoop {
  const loop = new EventLoop({ debug: false, ...options });
  const running = loop.runForever();
  return {
    ref: loop.ref(),
    async close() {
      loop.stop();
      await running;
      loop.close();
    },
  };
}
