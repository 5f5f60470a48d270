import { EventLoop, LoopGroup, type LoopRef } from 'ringloop';

/** A loop that runs in this thread beside plain promises: no task, which would make every await slower on Node 20. */
export interface RunningLoop {
  readonly ref: LoopRef;
  close(): Promise<void>;
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

/** Why a group's loops do not spin; null: they do. A group that knows the option refuses this value. */
export async function spinMissing(): Promise<string | null> {
  const options = { loops: 1, spin: -1 };
  try {
    await (await LoopGroup.spawn(options)).close();
    return 'LoopGroup.spawn() has no option `spin`';
  } catch {
    return null; // refused, by the group or by the loop in its thread
  }
}
