import { setImmediate as immediate } from 'node:timers/promises';
import { BaseEventLoop, type ResourceKind } from '@ringloop/core';
import { RESOURCES } from '@ringloop/core/internal';
import { expect } from 'chai';
import { FakeExecutor } from '../fake-executor.js';
import { jumpingLoop, reportsOf } from '../virtual-loop.js';

type Warning = Error & { code?: string; detail?: string };

/** The warning that closing the loop emits. Null: there is none. */
async function warningOf(loop: BaseEventLoop): Promise<Warning | null> {
  const warnings: Warning[] = [];
  const note = (warning: Warning): unknown => warnings.push(warning);
  process.on('warning', note);
  try {
    loop.close();
    await immediate(); // Node emits warnings in process.nextTick()
  } finally {
    process.off('warning', note);
  }
  expect(warnings.length).to.be.lessThan(2);
  return warnings[0] ?? null;
}

const owns = (loop: BaseEventLoop, kind: ResourceKind, names: string[], sourceTraceback?: string): void =>
  loop[RESOURCES].addKeeper(() => names.map((shown) => ({ kind, shown, sourceTraceback })));

describe('core/report-resources', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = jumpingLoop({ name: 'lost' });
    reportsOf(loop);
  });

  it('close() warns once of everything that should have been closed', async () => {
    owns(loop, 'transport', ['<T 1>', '<T 2>']);
    owns(loop, 'server', ['<S>']);
    owns(loop, 'process', ['<P>']);
    const warning = await warningOf(loop);
    expect(warning).to.include({
      name: 'ResourceWarning',
      code: 'RINGLOOP_OPEN_RESOURCES',
      message: 'Loop "lost" was closed with 4 open resources',
      detail: 'transport <T 1>\ntransport <T 2>\nserver <S>\nprocess <P>',
    });
  });

  it('close() does not warn of what ends with the loop', async () => {
    loop.callAt(1, () => undefined);
    loop.setDefaultExecutor(new FakeExecutor());
    owns(loop, 'signal handler', ['SIGTERM']);
    owns(loop, 'watcher', ['reader of fd 5']);
    expect(await warningOf(loop)).to.equal(null);
  });

  it('close() warns in debug mode of that too, and says where it was made', async () => {
    loop.setDebug(true);
    owns(loop, 'signal handler', ['SIGTERM'], '    at main.ts:1:2');
    loop.createTask(function* () {
      yield;
    }); // has a report of its own
    const warning = await warningOf(loop);
    expect(warning?.message).to.equal('Loop "lost" was closed with 1 open resource');
    expect(warning?.detail).to.equal(
      'signal handler SIGTERM, made at (most recent call first):\n    at main.ts:1:2',
    );
  });

  it('close() names the first of many', async () => {
    owns(
      loop,
      'transport',
      Array.from({ length: 25 }, (_, i) => `<T ${i}>`),
    );
    const lines = (await warningOf(loop))?.detail?.split('\n') ?? [];
    expect(lines).to.have.length(21);
    expect([lines[19], lines[20]]).to.deep.equal(['transport <T 19>', 'and 5 more']);
  });

  it('close() of a closed loop is silent', async () => {
    owns(loop, 'server', ['<S>']);
    await warningOf(loop);
    expect(await warningOf(loop)).to.equal(null);
  });
});
