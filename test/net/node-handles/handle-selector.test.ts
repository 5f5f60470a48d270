import { setImmediate as immediate } from 'node:timers/promises';
import { BaseEventLoop, Handle } from '@ringloop/core';
import { expect } from 'chai';
import { HandleSelector } from '@ringloop/net/internal';
import { thrownBy } from '../../rejection.js';

/** A handle that is ready when the test says so. */
class Fake {
  reader = false;
  writer = false;
  readonly begun: string[] = [];

  isReady(direction: 'reader' | 'writer'): boolean {
    return this[direction];
  }

  watched(direction: 'reader' | 'writer'): void {
    this.begun.push(direction);
  }
}

const nothing = (): null => null;

describe('net/handle-selector', () => {
  let loop: BaseEventLoop;
  let reports: number;
  let selector: HandleSelector;
  let fake: Fake;
  let number: number;

  beforeEach(() => {
    loop = new BaseEventLoop();
    reports = 0;
    selector = new HandleSelector(() => reports++);
    fake = new Fake();
    number = selector.register(fake);
  });

  afterEach(() => {
    selector.close();
    loop.close();
  });

  const handle = (): Handle => new Handle(nothing, [], loop);
  const collected = (): Handle[] => {
    const found: Handle[] = [];
    selector.collect((each) => found.push(each));
    return found;
  };

  it('HandleSelector gives numbers that no descriptor has', () => {
    expect(number).to.be.at.least(2 ** 31);
    expect(selector.register(new Fake())).to.equal(number + 1);
    expect(selector.fd).to.equal(-1);
  });

  it('HandleSelector.collect() passes on what is ready, again and again until it is not', () => {
    const [reader, writer] = [handle(), handle()];
    selector.watch(number, 'reader', reader);
    selector.watch(number, 'writer', writer);
    expect(fake.begun).to.deep.equal(['reader', 'writer']);
    expect(collected()).to.deep.equal([]);
    fake.reader = fake.writer = true;
    selector.touch(number);
    expect(collected()).to.deep.equal([reader, writer]);
    fake.writer = false;
    expect(collected()).to.deep.equal([reader]);
    fake.reader = false;
    expect(collected()).to.deep.equal([]);
    fake.reader = true; // nobody has said so
    expect(collected()).to.deep.equal([]);
  });

  it('HandleSelector.watch() looks at what is ready already, and replaces the handle before', () => {
    fake.reader = true;
    selector.touch(number); // nobody waits: forgotten
    const [first, second] = [handle(), handle()];
    selector.watch(number, 'reader', first);
    selector.watch(number, 'reader', second);
    expect(first.cancelled()).to.equal(true);
    expect(collected()).to.deep.equal([second]);
  });

  it('HandleSelector.unwatch() cancels what is queued, and says whether there was anything', () => {
    const reader = handle();
    selector.watch(number, 'reader', reader);
    expect([selector.watching, selector.unwatch(number, 'writer')]).to.deep.equal([true, false]);
    expect([selector.unwatch(number, 'reader'), selector.unwatch(number, 'reader')]).to.deep.equal([
      true,
      false,
    ]);
    expect([reader.cancelled(), selector.watching]).to.deep.equal([true, false]);
  });

  it('HandleSelector.watch() refuses a number that no handle has, or has any more', async () => {
    selector.watch(number, 'reader', handle());
    selector.unregister(number);
    expect(selector.watching).to.equal(false);
    for (const wrong of [number, 3]) {
      expect(await thrownBy(() => selector.watch(wrong, 'reader', handle()))).to.include({ code: 'EBADF' });
    }
  });

  it('HandleSelector reports in the check phase, once for all that has happened, while it runs', async () => {
    const other = new Fake();
    const otherNumber = selector.register(other);
    for (const each of [number, otherNumber]) selector.watch(each, 'reader', handle());
    fake.reader = other.reader = true;
    for (const each of [number, otherNumber]) selector.touch(each);
    await immediate();
    expect(reports).to.equal(0); // it does not run
    selector.start();
    await immediate();
    expect(reports).to.equal(1);
    expect(collected()).to.have.length(2);
    await immediate();
    expect(reports).to.equal(2); // still ready
    fake.reader = other.reader = false;
    collected();
    await immediate();
    expect(reports).to.equal(2);
    fake.reader = true;
    selector.touch(number);
    selector.stop();
    await immediate();
    expect(reports).to.equal(2);
  });
});
