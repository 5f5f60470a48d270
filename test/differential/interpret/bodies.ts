import { type Awaitable, CancelledError, type Coroutine, type Future, SystemExit } from '@ringloop/core';
import { describe } from '../describe.js';
import type { Raise } from '../grammar/callbacks.js';
import type { Act, Body, CallbackBody, Statement, Wait } from '../grammar/program.js';
import { Boom, showState } from './show.js';
import type { Steps, World } from './world.js';

/** Runs a statement list in a coroutine. The twin of oracle/bodies.py. */
export function* perform(world: World, statements: readonly Statement[], actor: string): Steps<void> {
  for (const statement of statements) {
    if (!isWait(world, statement)) {
      performAct(world, statement, actor);
      continue;
    }
    // The table has the function for each of them, but TypeScript cannot see that op and function belong together.
    const run = world.interpreters.waits[statement.op] as (w: World, s: Wait, a: string) => Steps<unknown>;
    let value: unknown;
    try {
      value = yield* run(world, statement, actor);
    } catch (thrown) {
      world.note(actor, describe(statement), thrown);
      throw thrown;
    }
    world.note(actor, describe(statement), value);
  }
}

export function performAct(world: World, statement: Act, actor: string): void {
  if (statement.op === 'raise') {
    world.note(actor, 'raise', statement.kind);
    throw errorOf(statement);
  }
  // As above.
  const run = world.interpreters.acts[statement.op] as (w: World, s: Act, a: string) => unknown;
  let value: unknown;
  try {
    value = run(world, statement, actor);
  } catch (thrown) {
    if (thrown instanceof SystemExit) throw thrown; // of an eager task
    value = thrown;
  }
  world.note(actor, describe(statement), value);
}

/** The coroutine of `body`, as the loop takes it. */
export function coroutine(world: World, body: Body, isAsync = world.chooseAsync()): Coroutine<number> {
  if (!isAsync) return entering(world, body, false);
  return () => drive(entering(world, body, true));
}

/** Awaits the coroutine of `body`, within the task that is running. */
export function* awaitCoroutine(world: World, body: Body): Steps<number> {
  if (!world.isAsync()) return yield* stepsOf(world, body);
  return (yield drive(stepsOf(world, body))) as number; // what drive() resolves with
}

/** Awaits what the library gave. */
export function* awaitIt<T>(world: World, awaitable: Awaitable<T>): Steps<T> {
  if (!world.isAsync()) return yield* awaitable;
  return (yield awaitable) as T; // drive() awaits it
}

/** Statements as the function that run() methods take. */
export function block(
  world: World,
  statements: readonly Statement[],
  actor: string,
): (() => Steps<void>) | (() => Promise<void>) {
  if (world.isAsync()) return () => drive(perform(world, statements, actor));
  return function* () {
    yield* perform(world, statements, actor);
  };
}

export function callback(world: World, body: CallbackBody): (future?: Future<unknown>) => void {
  return (future) => {
    world.note(body.id, 'runs', future === undefined ? null : showState(future));
    for (const statement of body.does) performAct(world, statement, body.id);
  };
}

/** As the coroutine of a task of its own. */
function* entering(world: World, body: Body, isAsync: boolean): Steps<number> {
  world.enter(isAsync);
  return yield* stepsOf(world, body);
}

function* stepsOf(world: World, body: Body): Steps<number> {
  world.note(body.id, 'starts', null);
  try {
    yield* perform(world, body.does, body.id);
  } catch (thrown) {
    world.note(body.id, 'throws', thrown);
    throw thrown;
  }
  world.note(body.id, 'returns', body.returns);
  return body.returns;
}

/** An async function that awaits what `steps` yields. */
async function drive<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (step.done !== true) {
    let value: unknown;
    try {
      value = await step.value;
    } catch (thrown) {
      step = steps.throw(thrown);
      continue;
    }
    step = steps.next(value);
  }
  return step.value;
}

function isWait(world: World, statement: Statement): statement is Wait {
  return statement.op in world.interpreters.waits;
}

function errorOf({ kind, message }: Raise): Error {
  if (kind === 'cancelled') return new CancelledError(message);
  return kind === 'exit' ? new SystemExit(1) : new Boom(message);
}
