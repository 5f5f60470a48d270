import {
  type Awaitable,
  type BaseEventLoop,
  CancelledError,
  currentTask,
  type Future,
  type Task,
} from '@ringloop/core';
import { Attempt, PENDING, startCoroutine } from '@ringloop/core/internal';
import { expect } from 'chai';
import { jumpingLoop } from '../virtual-loop.js';

/** A box that holds at most one word. Waiting for it is written in both ways. */
interface Box {
  word: string | null;
  /** Tells the call that waits that there is a word, or why there will be none. */
  wakeUp(failure?: Error): void;
  take(): Awaitable<string>;
}

function takeFrom(box: Box): string | typeof PENDING {
  const { word } = box;
  if (word === null) return PENDING;
  box.word = null;
  if (word === 'poison') throw new RangeError('poisoned');
  if (word === 'stop') throw new CancelledError('stopped');
  return word;
}

/** As a generator: what CPython does. */
function generatorBox(loop: BaseEventLoop): Box {
  let waiter: Future<undefined> | null = null;
  const box: Box = {
    word: null,
    wakeUp: (failure) => {
      const woken = waiter;
      waiter = null;
      if (woken === null || woken.done()) return;
      if (failure === undefined) woken.setResult(undefined);
      else woken.setException(failure);
    },
    take: () => startCoroutine(taking(), loop),
  };
  function* taking(): Generator<unknown, string> {
    for (;;) {
      const found = takeFrom(box);
      if (found !== PENDING) return found;
      const mine = (waiter = loop.createFuture<undefined>());
      yield mine;
    }
  }
  return box;
}

function attemptBox(loop: BaseEventLoop): Box {
  let waiting: Attempt<string> | null = null;
  const box: Box = {
    word: null,
    wakeUp: (failure) => {
      waiting?.tryAgain(failure);
      waiting = null;
    },
    take: () => {
      const attempt = new Attempt<string>(loop, () => {
        const found = takeFrom(box);
        if (found === PENDING) waiting = attempt;
        return found;
      });
      waiting = attempt;
      return attempt;
    },
  };
  return box;
}

/** What is done to a box and the task that waits for it, each in an iteration of its own. */
type Step = (box: Box, task: Task<unknown>, log: string[]) => void;

const put =
  (word: string): Step =>
  (box) => {
    box.word = word;
    box.wakeUp();
  };
const wakeForNothing: Step = (box) => box.wakeUp();
const fail: Step = (box) => box.wakeUp(new RangeError('lost'));
const cancel =
  (message: string): Step =>
  (_box, task) =>
    void task.cancel(message);
const both =
  (...steps: Step[]): Step =>
  (box, task, log) => {
    for (const step of steps) step(box, task, log);
  };

const PROGRAMS: Record<string, readonly Step[]> = {
  'a word': [put('hello')],
  'a word after waking for nothing': [wakeForNothing, wakeForNothing, put('hello')],
  'two wake-ups in one iteration': [both(put('hello'), wakeForNothing)],
  'a failure': [fail],
  'a failure, then a word': [both(fail, put('hello'))],
  'a word, then a failure': [both(put('hello'), fail)],
  'an attempt that throws': [put('poison')],
  'an attempt that throws CancelledError': [put('stop')],
  'a cancellation': [cancel('first')],
  'two cancellations': [both(cancel('first'), cancel('second'))],
  'a word, then a cancellation': [both(put('hello'), cancel('late'))],
  'a word, then two cancellations': [both(put('hello'), cancel('late'), cancel('later'))],
  'a cancellation, then a word': [both(cancel('first'), put('hello'))],
  'a failure, then a cancellation': [both(fail, cancel('late'))],
  'a cancellation after waking for nothing': [wakeForNothing, cancel('first')],
};

const WAITERS: Record<string, (box: Box, log: (what: string) => void) => () => unknown> = {
  'an async function': (box, log) => async () => log(`got ${await box.take()}`),
  'a generator coroutine': (box, log) =>
    function* () {
      log(`got ${yield* box.take()}`);
    },
  'a generator that yields it': (box, log) =>
    function* (): Generator<unknown, void> {
      log(`got ${String(yield box.take())}`);
    },
  'Promise.race': (box, log) => async () => log(`got ${await Promise.race([box.take()])}`),
};

/** What happens in which iteration, and what is left in the box. */
async function run(
  makeBox: (loop: BaseEventLoop) => Box,
  waiter: string,
  steps: readonly Step[],
): Promise<string[]> {
  const loop = jumpingLoop();
  const box = makeBox(loop);
  const log: string[] = [];
  let iteration = 0;
  const note = (what: string): void => void log.push(`${iteration}: ${what}`);
  let ended = false;
  loop.callSoon(function count() {
    iteration++;
    if (!ended) loop.callSoon(count);
  });
  await loop.runUntilComplete(function* (): Generator<unknown, void> {
    const task = loop.createTask(WAITERS[waiter]!(box, note) as () => Promise<unknown>);
    task.addDoneCallback(() => note('the task is done'));
    for (let idle = 0; idle < 3; idle++) yield;
    for (const step of steps) {
      step(box, task, log);
      yield;
      yield;
    }
    for (let idle = 0; idle < 5; idle++) yield;
    const outcome = !task.done() ? 'pending' : task.cancelled() ? 'cancelled' : String(task.exception());
    note(`task ${outcome}, box ${box.word}`);
    if (!task.done()) task.cancel();
    yield;
    ended = true;
  });
  loop.close();
  return log;
}

describe('core/attempt', () => {
  for (const [waiter] of Object.entries(WAITERS)) {
    for (const [name, steps] of Object.entries(PROGRAMS)) {
      it(`${waiter} gets ${name} in the iteration in which a generator would`, async () => {
        const expected = await run(generatorBox, waiter, steps);
        expect(expected).to.have.length.above(0);
        expect(await run(attemptBox, waiter, steps)).to.deep.equal(expected);
      });
    }
  }

  it('calls done callbacks through the loop, and shows as a future', async () => {
    const loop = jumpingLoop();
    const attempt = new Attempt(loop, () => 'found');
    const log: string[] = [];
    attempt.addDoneCallback((done) => log.push(`done: ${done.result()}`));
    attempt.tryAgain();
    loop.callSoon(() => log.push('next'));
    expect(attempt[Symbol.toStringTag]).to.equal('Future');
    await loop.runUntilComplete(attempt);
    expect(log).to.deep.equal(['next', 'done: found']);
    expect(attempt.cancel()).to.equal(false);
    attempt.tryAgain(); // too late: nothing happens
    expect(attempt.result()).to.equal('found');
    loop.close();
  });

  it('belongs to the task that waits, in debug mode', async () => {
    const loop = jumpingLoop();
    loop.setDebug(true);
    await loop.runUntilComplete(function* () {
      const attempt = new Attempt(loop, () => 'found');
      expect(attempt.onBehalfOf).to.equal(currentTask());
      attempt.tryAgain();
      return yield* attempt;
    });
    loop.close();
  });
});
