import { inspect } from 'node:util';
import { LoopStateError } from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from '../core-file.js';
import { rejection } from '../../rejection.js';
import { jumpingLoop } from '../virtual-loop.js';

const { BoundLoop } = (await coreFile(
  'sync/bound-loop',
)) as typeof import('../../../packages/core/dist/sync/bound-loop.js');

describe('core/bound-loop', () => {
  const owner = { [inspect.custom]: () => '<Owner>' };

  it('BoundLoop is the loop that runs when it is asked for the first time', async () => {
    const bound = new BoundLoop(owner);
    const loop = jumpingLoop();
    const got = await loop.runUntilComplete(async () => [bound.get(), bound.get()]);
    expect(got).to.deep.equal([loop, loop]);
    const error = await rejection(jumpingLoop().runUntilComplete(async () => bound.get()));
    expect(error).to.be.instanceOf(LoopStateError).with.property('code', 'ERR_OTHER_LOOP');
    expect(error.message).to.equal('<Owner> is bound to a different event loop');
  });

  it('BoundLoop cannot be had outside of a running loop, and is not bound by that', async () => {
    const bound = new BoundLoop(owner);
    expect(() => bound.get())
      .to.throw(LoopStateError)
      .with.property('code', 'ERR_NO_RUNNING_LOOP');
    const loop = jumpingLoop();
    expect(await loop.runUntilComplete(async () => [bound.get()])).to.deep.equal([loop]);
  });
});
