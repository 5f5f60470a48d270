import { type Future, gather } from '@ringloop/core';
import type { SelectorEventLoop } from '@ringloop/net';
import { staggeredRace } from '@ringloop/net/internal';
import { expect } from 'chai';
import { rejection } from '../../rejection.js';
import { inLoop } from '../in-loop.js';
import { iterations } from '../iterations.js';

class Refused extends Error {}

const isExpected = (thrown: unknown): thrown is Refused => thrown instanceof Refused;

/** Attempts that wait for futures, and what became of them. */
function attemptsOn(
  loop: SelectorEventLoop,
  count: number,
): {
  futures: Future<string>[];
  attempts: (() => Promise<string>)[];
  log: string[];
} {
  const log: string[] = [];
  const futures = Array.from({ length: count }, () => loop.createFuture<string>());
  const attempts = futures.map((future, index) => async () => {
    log.push(`begin ${index}`);
    try {
      return await future;
    } finally {
      log.push(`end ${index}`);
    }
  });
  return { futures, attempts, log };
}

const LONG = 1000; // seconds: it must not pass

// Cases of CPython's test_staggered
describe('net/staggered-race', () => {
  it('staggeredRace() begins the next attempt when one has failed, and gives the first result', () =>
    inLoop(async (loop) => {
      const { futures, attempts, log } = attemptsOn(loop, 3);
      futures[0]?.setException(new Refused());
      futures[1]?.setResult('second');
      const race = staggeredRace(loop, attempts, { delay: LONG, isExpected, discard: () => undefined });
      expect(await race).to.deep.equal({ winner: 'second' });
      expect(log).to.deep.equal(['begin 0', 'end 0', 'begin 1', 'end 1']);
    }));

  it('staggeredRace() begins the next attempt after the delay, and cancels what has not won', () =>
    inLoop(async (loop) => {
      const { futures, attempts, log } = attemptsOn(loop, 3);
      futures[2]?.setResult('third');
      const race = staggeredRace(loop, attempts, { delay: 0.001, isExpected, discard: () => undefined });
      expect(await race).to.deep.equal({ winner: 'third' });
      expect(log.slice(0, 4)).to.deep.equal(['begin 0', 'begin 1', 'begin 2', 'end 2']);
      expect(log.slice(4)).to.have.members(['end 0', 'end 1']);
    }));

  it('staggeredRace() gives all errors in the order of the attempts', () =>
    inLoop(async (loop) => {
      const { futures, attempts } = attemptsOn(loop, 2);
      const [first, second] = [new Refused(), new Refused()];
      const race = loop.createTask(() =>
        staggeredRace(loop, attempts, { delay: 0, isExpected, discard: () => undefined }),
      );
      await iterations(loop, 10);
      futures[1]?.setException(second);
      await iterations(loop, 5);
      futures[0]?.setException(first);
      const outcome = await race;
      expect('errors' in outcome && outcome.errors).to.deep.equal([first, second]);
      expect(await staggeredRace(loop, [], { delay: 0, isExpected, discard: () => undefined })).to.deep.equal(
        {
          errors: [],
        },
      );
    }));

  it('staggeredRace() ends with an error that is not expected, and cancels the others', () =>
    inLoop(async (loop) => {
      const { futures, attempts, log } = attemptsOn(loop, 2);
      const bug = new TypeError('bug');
      futures[1]?.setException(bug);
      const race = staggeredRace(loop, attempts, { delay: 0, isExpected, discard: () => undefined });
      expect(await rejection(race)).to.equal(bug);
      expect(log).to.have.members(['begin 0', 'begin 1', 'end 1', 'end 0']);
    }));

  it('staggeredRace() discards a result that comes together with another', () =>
    inLoop(async (loop) => {
      const { futures, attempts } = attemptsOn(loop, 2);
      const discarded: string[] = [];
      const race = loop.createTask(() =>
        staggeredRace(loop, attempts, {
          delay: 0,
          isExpected,
          discard: (result) => void discarded.push(result),
        }),
      );
      await iterations(loop, 10);
      futures[0]?.setResult('first');
      futures[1]?.setResult('second');
      expect(await race).to.deep.equal({ winner: 'first' });
      expect(discarded).to.deep.equal(['second']);
    }));

  it('staggeredRace() that is cancelled has ended all attempts', () =>
    inLoop(async (loop) => {
      for (let after = 0; after < 12; after++) {
        const { attempts, log } = attemptsOn(loop, 3);
        const race = loop.createTask(() =>
          staggeredRace(loop, attempts, { delay: 0, isExpected, discard: () => undefined }),
        );
        await iterations(loop, after);
        race.cancel();
        await gather([race], { returnExceptions: true });
        expect(race.cancelled()).to.equal(true);
        const begun = log.filter((line) => line.startsWith('begin'));
        expect(
          log.filter((line) => line.startsWith('end')),
          `cancelled after ${after}`,
        ).to.have.length(begun.length);
      }
    }));
});
