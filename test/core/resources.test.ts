import { BaseEventLoop, sleep } from '@ringloop/core';
import { RESOURCES } from '@ringloop/core/internal';
import { expect } from 'chai';
import { FakeExecutor } from './fake-executor.js';
import { jumpingLoop, reportsOf, runOnce } from './virtual-loop.js';

function ring(): void {
  // a timer's callback
}

describe('core/resources', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop();
    reportsOf(loop);
  });

  afterEach(() => loop.close());

  it('resources() of a new loop is empty', () => {
    expect(loop.resources()).to.deep.equal([]);
  });

  it('resources() lists timers in the order in which they fall due, without cancelled ones', () => {
    loop.callAt(3, ring);
    loop.callAt(2, ring).cancel();
    loop.callAt(Infinity, ring);
    loop.callAt(1, ring);
    expect(loop.resources()).to.deep.equal(
      ['1', '3', 'Infinity'].map((when) => ({
        kind: 'timer',
        name: `<TimerHandle when=${when} ring()>`,
        sourceTraceback: undefined,
      })),
    );
  });

  it('resources() lists tasks until they are done', async () => {
    const task = loop.createTask(() => sleep(10), { name: 'sleeper' });
    await runOnce(loop);
    expect(loop.resources().map(({ kind }) => kind)).to.deep.equal(['task', 'timer']);
    expect(loop.resources()[0]?.name).to.match(/sleeper/);
    await loop.runUntilComplete(task);
    expect(loop.resources()).to.deep.equal([]);
  });

  it('resources() lists the default executor from its first use to its shutdown', async () => {
    const executor = new FakeExecutor();
    loop.setDefaultExecutor(executor);
    expect(loop.resources().map(({ kind }) => kind)).to.deep.equal(['executor']);
    await loop.runUntilComplete(() => loop.shutdownDefaultExecutor());
    expect(loop.resources()).to.deep.equal([]);
  });

  it('resources() says in debug mode where each was made', () => {
    loop.setDebug(true);
    loop.callAt(1, ring);
    const [timer] = loop.resources();
    expect(timer?.sourceTraceback).to.match(/resources\.test/);
    expect(timer?.sourceTraceback?.split('\n')[0]).to.match(/resources\.test/);
  });

  it('resources() shows what a keeper gives, on one line', () => {
    loop[RESOURCES].addKeeper(() => [
      { kind: 'exposed object', shown: 'clock', sourceTraceback: undefined },
      { kind: 'transport', shown: { fd: 5, many: 'x'.repeat(200) }, sourceTraceback: '    at somewhere' },
      {
        kind: 'server',
        shown: { [Symbol.for('nodejs.util.inspect.custom')]: () => 'two\n  lines' },
        sourceTraceback: undefined,
      },
    ]);
    const listed = loop.resources();
    loop[RESOURCES].list().length = 0; // the list is the caller's own
    expect(listed.map(({ kind, name }) => [kind, name])).to.deep.equal([
      ['exposed object', 'clock'],
      ['transport', `{ fd: 5, many: '${'x'.repeat(200)}' }`],
      ['server', 'two lines'],
    ]);
    expect(listed[1]?.sourceTraceback).to.equal('    at somewhere');
  });
});
