import { EventLoop, type LoopRef } from 'ringloop';

/** A loop that runs in this thread beside plain promises: no task, which would make every await slower on Node 20. */
export interface RunningLoop {
  readonly ref: LoopRef;
  close(): Promise<unknown>;
}

/** @param spin seconds for which it looks before it sleeps; 0: none */
export function startLoop(spin = 0): RunningLoop {
  const options = { debug: false, ...(spin > 0 ? { spin } : {}) };
  const loop = new EventLoop(options);
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
