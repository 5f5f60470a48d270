/** The hub on its own, with loops and dispositions that a test plays. Signals that come from outside: test/ringloop/signals.test.ts. */
import { constants } from 'node:os';
import { setImmediate as immediate } from 'node:timers/promises';
import { LoopStateError } from '@ringloop/core';
import { TAKES_SIGNALS } from '@ringloop/core/internal';
import { type Dispositions, SignalHub, type SignalTarget } from '@ringloop/threadsafe/internal';
import { expect } from 'chai';
import sinon from 'sinon';
import { thrownBy } from '../../rejection.js';

const { SIGUSR1, SIGUSR2, SIGPIPE, SIGHUP, SIGKILL } = constants.signals;
const NAME = 'SIGUSR2';

class FakeDispositions implements Dispositions {
  readonly log: string[] = [];

  read(signal: number): Uint8Array {
    this.log.push(`read ${signal}`);
    return Uint8Array.of(signal);
  }

  write(signal: number, disposition: Uint8Array): void {
    this.log.push(`write ${signal} ${disposition[0]}`);
  }
}

describe('threadsafe/signals/signal-hub', () => {
  let got: string[];
  let dispositions: FakeDispositions;
  let hub: SignalHub;

  const target = (id: string, more: Partial<SignalTarget> = {}): SignalTarget => ({
    id,
    threadId: 1,
    deliver: (signal) => got.push(`${id} ${signal}`),
    isAlive: () => true,
    ...more,
  });
  const emit = (name: NodeJS.Signals = NAME): boolean => process.emit(name, name);

  beforeEach(() => {
    got = [];
    dispositions = new FakeDispositions();
    hub = new SignalHub(dispositions);
  });

  afterEach(() => {
    sinon.restore();
    hub.removeThread(1);
    for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGPIPE', 'SIGHUP'] as const) {
      for (const listener of process.listeners(name)) process.off(name, listener);
    }
  });

  it('SignalHub listens once for all loops, from the first to the last', () => {
    hub.add(SIGUSR2, target('a'));
    hub.add(SIGUSR2, target('b'));
    expect(process.listenerCount(NAME)).to.equal(1);
    emit();
    expect(got).to.deep.equal([`a ${SIGUSR2}`, `b ${SIGUSR2}`]);
    hub.remove(SIGUSR2, 'a');
    emit();
    expect(got).to.have.length(3);
    hub.remove(SIGUSR2, 'b');
    expect(process.listenerCount(NAME)).to.equal(0);
    expect(dispositions.log).to.deep.equal([`read ${SIGUSR2}`, `write ${SIGUSR2} ${SIGUSR2}`]);
  });

  it('SignalHub marks its listeners, for run()', () => {
    hub.add(SIGUSR2, target('a'));
    expect(process.listeners(NAME).every((listener) => TAKES_SIGNALS in listener)).to.equal(true);
  });

  it('SignalHub.remove() of what is not there changes nothing', () => {
    hub.remove(SIGUSR2, 'a');
    hub.add(SIGUSR2, target('a'));
    hub.remove(SIGUSR2, 'b');
    hub.remove(SIGHUP, 'a');
    expect(process.listenerCount(NAME)).to.equal(1);
  });

  it('SignalHub.removeLoop() and removeThread() remove all their handlers, and no others', () => {
    hub.add(SIGUSR2, target('a'));
    hub.add(SIGHUP, target('a'));
    hub.add(SIGUSR2, target('b', { threadId: 2 }));
    hub.removeLoop('a');
    expect([process.listenerCount(NAME), process.listenerCount('SIGHUP')]).to.deep.equal([1, 0]);
    hub.removeThread(1);
    expect(process.listenerCount(NAME)).to.equal(1);
    hub.removeThread(2);
    expect(process.listenerCount(NAME)).to.equal(0);
  });

  it('SignalHub restores nothing while somebody else listens, and does not know what was before', () => {
    const other = (): void => undefined;
    process.on(NAME, other);
    hub.add(SIGUSR2, target('a'));
    hub.remove(SIGUSR2, 'a');
    process.off(NAME, other);
    expect(dispositions.log).to.deep.equal([]);
  });

  it('SignalHub restores nothing when somebody else has begun to listen meanwhile', () => {
    hub.add(SIGUSR2, target('a'));
    process.on(NAME, () => undefined);
    hub.remove(SIGUSR2, 'a');
    expect(dispositions.log).to.deep.equal([`read ${SIGUSR2}`]);
  });

  it('SignalHub.add() listens again after process.removeAllListeners()', () => {
    hub.add(SIGUSR2, target('a'));
    process.removeAllListeners(NAME);
    hub.add(SIGUSR2, target('b'));
    emit();
    expect(got).to.deep.equal([`a ${SIGUSR2}`, `b ${SIGUSR2}`]);
  });

  it('SignalHub.add() of a signal that cannot be caught throws what Node throws, and leaves nothing', async () => {
    expect(await thrownBy(() => hub.add(SIGKILL, target('a')))).to.include({ code: 'EINVAL' });
    expect(process.listenerCount('SIGKILL')).to.equal(0);
  });

  it('SignalHub goes on listening for SIGPIPE: a signal in between would end the process', () => {
    hub.add(SIGPIPE, target('a'));
    hub.remove(SIGPIPE, 'a');
    expect(process.listenerCount('SIGPIPE')).to.equal(1);
    emit('SIGPIPE');
    hub.add(SIGPIPE, target('b'));
    expect(process.listenerCount('SIGPIPE')).to.equal(1);
    emit('SIGPIPE');
    expect(got).to.deep.equal([`b ${SIGPIPE}`]);
  });

  it('SignalHub without dispositions goes on listening for SIGUSR1, and not for others', () => {
    hub = new SignalHub(null);
    for (const signal of [SIGUSR1, SIGUSR2]) {
      hub.add(signal, target('a'));
      hub.remove(signal, 'a');
    }
    expect([process.listenerCount('SIGUSR1'), process.listenerCount(NAME)]).to.deep.equal([1, 0]);
  });

  it('SignalHub drops a loop that is gone, and the others get the signal', () => {
    const closed = (): never => {
      throw new LoopStateError('Event loop is closed', 'ERR_LOOP_CLOSED');
    };
    hub.add(SIGUSR2, target('a', { deliver: closed }));
    hub.add(SIGUSR2, target('b'));
    const kill = sinon.stub(process, 'kill');
    emit();
    expect(got).to.deep.equal([`b ${SIGUSR2}`]);
    expect(kill.called).to.equal(false);
    hub.remove(SIGUSR2, 'b');
    expect(process.listenerCount(NAME)).to.equal(0);
  });

  it('SignalHub lets a signal that has met nobody do what it does without handlers', () => {
    let alive = true;
    hub.add(SIGUSR2, target('a', { isAlive: () => alive }));
    const kill = sinon.stub(process, 'kill');
    emit();
    expect(kill.called).to.equal(false);
    alive = false;
    emit();
    expect(kill.args).to.deep.equal([[process.pid, SIGUSR2]]);
    expect(dispositions.log).to.deep.equal([`read ${SIGUSR2}`, `write ${SIGUSR2} ${SIGUSR2}`]);
  });

  it('SignalHub does not repeat a signal that somebody else listens for', () => {
    process.on(NAME, () => got.push('other'));
    hub.add(SIGUSR2, target('a', { isAlive: () => false }));
    const kill = sinon.stub(process, 'kill');
    emit();
    expect(kill.called).to.equal(false);
    expect(got).to.include('other');
  });

  it('SignalHub warns of any other error, and the other loops get the signal', async () => {
    const failing = (): never => {
      throw new Error('full');
    };
    hub.add(SIGUSR2, target('a', { deliver: failing }));
    hub.add(SIGUSR2, target('b'));
    const warned = sinon.stub(process, 'emitWarning');
    emit();
    await immediate();
    expect(warned.args.map(([error]) => (error as Error).message)).to.deep.equal(['full']);
    expect(got).to.deep.equal([`b ${SIGUSR2}`]);
  });
});
