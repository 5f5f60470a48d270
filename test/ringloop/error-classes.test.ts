import { LoopGroup, ResolutionError } from 'ringloop';
import { expect } from 'chai';
import { rejection } from '../rejection.js';
import { lookUp } from './fixtures/look-up.js';

describe('ringloop/error-classes', () => {
  it('ResolutionError keeps its class and its properties between threads', async () => {
    await using group = await LoopGroup.spawn({ loops: 1 });
    const error = await rejection(
      group.loops[0]?.runCoroutineThreadsafe(lookUp, '', 80) ?? Promise.resolve(),
    );
    expect(error).to.be.instanceOf(ResolutionError);
    expect(error).to.include({ code: 'EAI_NONAME', errno: -2, syscall: 'getaddrinfo', hostname: '' });
  });
});
