import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from './core-file.js';

const { TaskRegistry } = (await coreFile(
  'task-registry',
)) as typeof import('../../packages/core/dist/task-registry.js');
const internals = (await coreFile(
  'loop-internals',
)) as typeof import('../../packages/core/dist/loop-internals.js');

type Registered = import('../../packages/core/dist/task-registry.js').Registered;

interface Named extends Registered {
  readonly name: number;
}

describe('core/task-registry', () => {
  it('TaskRegistry holds what a Set would', () => {
    const step = fc.record({ add: fc.boolean(), which: fc.nat({ max: 9 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const registry = new TaskRegistry<Named>();
        const model = new Set<number>();
        const tasks = Array.from({ length: 10 }, (_, name): Named => ({ [internals.SLOT]: -1, name }));
        for (const { add, which } of steps) {
          const task = tasks[which]!; // there are ten
          if (add && !model.has(which)) {
            registry.add(task);
            model.add(which);
          } else if (!add) {
            registry.delete(task); // also those that are not there
            model.delete(which);
          }
          expect(registry.size).to.equal(model.size);
          expect([...registry].map(({ name }) => name).sort()).to.deep.equal([...model].sort());
        }
      }),
    );
  });

  it('TaskRegistry can be changed while it is gone through', () => {
    const registry = new TaskRegistry<Registered>();
    for (let i = 0; i < 5; i++) registry.add({ [internals.SLOT]: -1 });
    let seen = 0;
    for (const task of registry) {
      registry.delete(task);
      seen++;
    }
    expect([seen, registry.size]).to.deep.equal([5, 0]);
  });
});
