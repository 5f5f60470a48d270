import fc from 'fast-check';
import { type Feature, knows, type Version } from '../features.js';
import { callbackActs } from './callbacks.js';
import { type Choice, type Inner, message, value } from './choice.js';
import { combinatorActs, combinatorWaits } from './combinators.js';
import { futureActs } from './futures.js';
import {
  type Act,
  type Body,
  label,
  type Objects,
  type Program,
  type Run,
  type Statement,
} from './program.js';
import { queueActs, queueWaits } from './queues.js';
import { sources } from './sources.js';
import { synchronisationActs, synchronisationWaits } from './synchronisation.js';
import { taskGroupActs, taskGroupWaits } from './task-groups.js';
import { taskActs, taskWaits } from './tasks.js';
import { themes } from './themes.js';
import { timeoutActs, timeoutWaits } from './timeouts.js';

type Allowed = (feature: Feature) => boolean;

/** How deep bodies and blocks may stand in each other; below, there are none. */
const DEPTH = 3;

/** Programs of what that Python and ringloop both have. */
export function programs(version: Version, isWanted: Allowed = () => true): fc.Arbitrary<Program> {
  const allowed = (feature: Feature): boolean => knows(version, feature) && isWanted(feature);
  const farewell = fc.constant({ message: knows(version, 'cancelMessage') ? 'end' : null, apart: false });
  const ofThemes = themes.map((isInTheme) =>
    ofTheme((feature) => allowed(feature) && isInTheme(feature), farewell),
  );
  return fc.oneof(...ofThemes).map(label);
}

function ofTheme(allowed: Allowed, farewell: fc.Arbitrary<Program['farewell']>): fc.Arbitrary<Program> {
  const inner = level(DEPTH, allowed);
  const run: fc.Arbitrary<Run> = fc.record({
    before: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, inner.acts),
    main: fc.option(mainBody(inner), { freq: 8 }),
  });
  const runs = (maxLength: number): fc.Arbitrary<Run[]> =>
    fc.array(run, { minLength: 1, maxLength, size: 'max' });
  const mayBeEager = allowed('eagerFactory') && (allowed('eagerGroup') || !allowed('group'));
  return fc.record({
    objects,
    eager: mayBeEager ? fc.integer({ min: 0, max: 9 }).map((n) => n > 7) : fc.constant(false),
    runs: fc.oneof({ weight: 5, arbitrary: runs(1) }, { weight: 1, arbitrary: runs(3) }),
    farewell,
  });
}

/** A main coroutine begins by filling the slots of tasks, so that there is somebody to await and to cancel. */
function mainBody({ body, statements }: Inner): fc.Arbitrary<Body> {
  const parts = { workers: fc.array(body, { maxLength: 4, size: 'max' }), does: statements, returns: value };
  return fc.record(parts).map(({ workers, does, returns }) => {
    const spawns = workers.map((worker, n) => ({ op: 'spawn' as const, slot: `t${n}`, body: worker }));
    return { id: '', does: [...spawns, ...does], returns };
  });
}

const objects: fc.Arbitrary<Objects> = fc.record({
  permits: fc.constantFrom(1, 2, 0),
  bounded: fc.boolean(),
  parties: fc.constantFrom(2, 1, 3),
  queue: fc.constantFrom('fifo', 'priority', 'lifo'),
  maxsize: fc.constantFrom(0, 1, 2),
});

function level(depth: number, allowed: Allowed): Inner {
  const inner = depth === 0 ? nothing : level(depth - 1, allowed);
  const source = sources(inner.body, depth, allowed);
  const parts: Inner = {
    ...inner,
    source,
    sources: fc.array(source, { minLength: 1, maxLength: 3 }),
    cancelMessage: allowed('cancelMessage') ? fc.option(message, { freq: 2 }) : fc.constant(null),
  };
  const maxLength = depth < 2 ? 2 : 5; // the many bodies deep inside are short
  const acts = fc.array(pick<Act>(actsOf(parts), allowed), { maxLength });
  const statements = fc.array(pick<Statement>([...actsOf(parts), ...waitsOf(parts)], allowed), {
    maxLength,
    size: 'max',
  });
  return {
    ...parts,
    acts,
    statements,
    body: fc.record({ id: fc.constant(''), does: statements, returns: value }),
    callback: fc.record({ id: fc.constant(''), does: acts }),
  };
}

function actsOf(parts: Inner): Choice<Act>[] {
  return [
    ...callbackActs(parts),
    ...futureActs(parts),
    ...taskActs(parts),
    ...combinatorActs(parts),
    ...timeoutActs(),
    ...synchronisationActs(),
    ...queueActs(),
    ...taskGroupActs(parts),
  ];
}

function waitsOf(parts: Inner): Choice<Statement>[] {
  return [
    ...taskWaits(parts),
    ...combinatorWaits(parts),
    ...timeoutWaits(parts),
    ...synchronisationWaits(parts),
    ...queueWaits(),
    ...taskGroupWaits(parts),
  ];
}

const nothing: Inner = {
  acts: fc.constant([]),
  statements: fc.constant([]),
  body: fc.record({ id: fc.constant(''), does: fc.constant([]), returns: value }),
  callback: fc.constant({ id: '', does: [] }),
  source: fc.constant({ from: 'slot', slot: 'f0' }),
  sources: fc.constant([]),
  cancelMessage: fc.constant(null),
};

function pick<S>(choices: readonly Choice<S>[], allowed: Allowed): fc.Arbitrary<S> {
  return fc.oneof(...choices.filter(({ feature }) => allowed(feature)));
}
