import { setImmediate as immediate } from 'node:timers/promises';
import { type BaseEventLoop, sleep, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from './core-file.js';
import { CountingHost } from './counting-host.js';
import { rejection } from '../rejection.js';
import { jumpingLoop } from './virtual-loop.js';

const { settled, SETTLED, SETTLED_TRUE } = (await coreFile(
  'settled',
)) as typeof import('../../packages/core/dist/settled.js');

describe('core/settled', () => {
  let loop: BaseEventLoop;
  let host: CountingHost;

  beforeEach(() => {
    host = new CountingHost(new VirtualHost({ autojump: true }));
    loop = jumpingLoop({ host });
  });

  it('settled() gives its value to async functions and generator coroutines, in the same iteration', async () => {
    const turns = await loop.runUntilComplete(async () => {
      const before = host.turns;
      await SETTLED;
      expect([await settled('awaited'), await SETTLED_TRUE]).to.deep.equal(['awaited', true]);
      return host.turns - before;
    });
    expect(turns).to.equal(0);
    const given = await loop.runUntilComplete(function* () {
      const before = host.turns;
      const yielded = yield* settled('yielded');
      yield* SETTLED;
      return [yielded, yield* SETTLED_TRUE, host.turns - before];
    });
    expect(given).to.deep.equal(['yielded', true, 0]);
  });

  it('settled() of either kind can be awaited and delegated to, again and again', async () => {
    for (const made of [settled(1), await loop.runUntilComplete(async () => [settled(1)])].flat()) {
      for (const again of [1, 1]) {
        const delegated = await loop.runUntilComplete(function* () {
          return yield* made;
        });
        expect([await made, delegated]).to.deep.equal([again, again]);
      }
    }
  });

  it('settled() costs a library coroutine no iteration either, whoever waits for it', async () => {
    const log: string[] = [];
    function* library(): Generator<unknown, string> {
      return yield* settled('value');
    }
    await loop.runUntilComplete(async () => {
      loop.callSoon(() => log.push('next iteration'));
      const steps = library();
      log.push(String(steps.next().value));
      await sleep(0);
    });
    expect(log).to.deep.equal(['value', 'next iteration']);
  });

  it('settled() returns a given promise itself to a caller that does not await it', async () => {
    const failing = {
      then: (_: unknown, reject: (reason: unknown) => void): void => {
        reject(new Error('not asked for'));
      },
    };
    const got = await loop.runUntilComplete(function* () {
      return [yield* settled(failing)];
    });
    await immediate(); // a rejection nobody asked for would be unhandled by now
    expect(got).to.deep.equal([failing]);
    expect((await rejection(settled(failing))).message).to.equal('not asked for');
  });

  it('settled() is a promise like any other', async () => {
    const log: unknown[] = [];
    const one = settled(1);
    expect(Object.prototype.toString.call(one)).to.equal('[object Settled]');
    log.push(await one.then((value) => value + 1));
    log.push(await one.catch(() => 'never'));
    log.push(await one.finally(() => log.push('finally')));
    expect(log).to.deep.equal([2, 1, 'finally', 1]);
  });
});
