// Generators instead of async functions: the loop takes each of their steps, in asyncio's order, iteration for iteration.
//
// prints:
// tick: 1
// tock: 1
// a callback of the loop
// tick: 2
// tock: 2
// 3 and 4 make 7
// cancelled, and cleaned up

import { CancelledError, type CoroutineGenerator, gather, getRunningLoop, run, sleep } from 'ringloop';

/** A bare `yield` goes on in the next iteration. */
function* count(name: string): CoroutineGenerator<void> {
  for (let number = 1; number <= 2; number++) {
    console.log(`${name}: ${number}`);
    yield;
  }
}

/** `yield*` is what `await` is elsewhere, and typed: of tasks, futures, other generators, and all that ringloop can wait for. */
function* slowly(value: number): CoroutineGenerator<number> {
  return yield* sleep(0.01, value);
}

function* main(): CoroutineGenerator<void> {
  const loop = getRunningLoop();
  const counting = [loop.createTask(count('tick')), loop.createTask(count('tock'))];
  loop.callSoon(console.log, 'a callback of the loop');
  yield* gather(counting);

  const three = loop.createTask(slowly(3)); // runs beside the next line
  const four = yield* slowly(4); // runs as part of this task
  console.log(`3 and 4 make ${(yield* three) + four}`);

  const forEver = loop.createTask(function* () {
    try {
      yield* sleep(3600);
    } finally {
      yield* sleep(0.01); // cleaning up may wait
    }
  });
  yield* sleep(0.01);
  forEver.cancel();
  try {
    yield* forEver;
  } catch (error) {
    if (!(error instanceof CancelledError)) throw error;
    console.log('cancelled, and cleaned up');
  }
}

await run(main);
