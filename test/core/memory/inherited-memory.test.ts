import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { inheritMemory, peekInherited } from '@ringloop/core/internal';
import { expect } from 'chai';

describe('core/inherited-memory', () => {
  it('inheritMemory() makes memory once, and threads that are started afterwards have the same', async () => {
    expect(peekInherited('test')).to.equal(null);
    const memory = inheritMemory('test', 8);
    expect(inheritMemory('test', 8)).to.equal(memory);
    expect(peekInherited('test')).to.equal(memory);
    const source = `
      import('@ringloop/core/internal').then(({ inheritMemory }) => new Int32Array(inheritMemory('test', 8)).fill(7));
    `;
    await once(new Worker(source, { eval: true }), 'exit');
    expect([...new Int32Array(memory)]).to.deep.equal([7, 7]);
  });
});
