import fc from 'fast-check';
import type { Feature } from '../features.js';
import { anySlot } from './choice.js';
import type { Body, Source } from './program.js';

/** What can be awaited; at depth 0, futures that are there. */
export function sources(
  body: fc.Arbitrary<Body>,
  depth: number,
  allowed: (feature: Feature) => boolean,
): fc.Arbitrary<Source> {
  const slot = fc.record({ from: fc.constant('slot'), slot: anySlot });
  if (depth === 0) return slot;
  const coroutine = fc.record({ from: fc.constant('coroutine'), body });
  const part = fc.oneof({ weight: 3, arbitrary: slot }, { weight: 2, arbitrary: coroutine });
  const gather = fc.record({
    from: fc.constant('gather'),
    of: fc.array(part, { maxLength: 3 }),
    returnExceptions: fc.boolean(),
  });
  const shield = fc.record({
    from: fc.constant('shield'),
    of: fc.oneof(part, allowed('gather') ? gather : part),
  });
  return fc.oneof<fc.WeightedArbitrary<Source>[]>(
    { weight: 4, arbitrary: slot },
    { weight: 3, arbitrary: coroutine },
    ...(allowed('gather') ? [{ weight: 2, arbitrary: gather }] : []),
    ...(allowed('shield') ? [{ weight: 1, arbitrary: shield }] : []),
  );
}
