import { expect } from 'chai';
import { coreFile } from '../core-file.js';
import { jumpingLoop } from '../virtual-loop.js';

const { isQuiet, keepQuiet } = (await coreFile(
  'debug/quiet-tasks',
)) as typeof import('../../../packages/core/dist/debug/quiet-tasks.js');

describe('core/quiet-tasks', () => {
  it('isQuiet() is true only for a future that keepQuiet() was given', () => {
    const loop = jumpingLoop();
    const [quiet, other] = [loop.createFuture(), loop.createFuture()];
    keepQuiet(quiet);
    keepQuiet(quiet);
    expect([isQuiet(quiet), isQuiet(other)]).to.deep.equal([true, false]);
  });
});
