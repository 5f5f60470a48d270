import { expect } from 'chai';
import fc from 'fast-check';
import { coreFile } from '../core-file.js';

const { Fifo } = (await coreFile(
  'queues/fifo',
)) as typeof import('../../../packages/core/dist/queues/fifo.js');

describe('core/fifo', () => {
  it('Fifo gives items in the order in which they were put in', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('push' as const), count: fc.nat(150) }),
      fc.record({ do: fc.constant('pop' as const), count: fc.nat(150) }),
      fc.constant({ do: 'clear' as const, count: 0 }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const fifo = new Fifo<number | undefined>();
        let model: (number | undefined)[] = [];
        let pushed = 0;
        for (const { do: what, count } of steps) {
          if (what === 'clear') {
            fifo.clear();
            model = [];
          }
          for (let left = count; left > 0; left--) {
            if (what === 'push') {
              const item = ++pushed % 7 === 0 ? undefined : pushed;
              fifo.push(item);
              model.push(item);
            } else if (model.length > 0) expect(fifo.pop()).to.equal(model.shift());
          }
          expect([fifo.size, fifo.peek(), [...fifo]]).to.deep.equal([model.length, model[0], model]);
        }
      }),
    );
  });

  it('Fifo takes constant time per item, however many it holds', () => {
    const fifo = new Fifo<number>();
    for (let item = 0; item < 300_000; item++) fifo.push(item); // with Array.shift() this would be a minute
    for (let item = 0; item < 300_000; item++) {
      if (fifo.pop() !== item) throw new Error(`Lost ${item}`);
      fifo.push(item);
    }
    expect(fifo.size).to.equal(300_000);
  });
});
