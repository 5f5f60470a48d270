import { setImmediate as poll, setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { addTurnListener, removeTurnListener } from '@ringloop/net/internal';

describe('net/libuv-turns', () => {
  it('addTurnListener() calls each time that libuv has polled, until removeTurnListener()', async () => {
    const heard = { first: 0, second: 0 };
    const first = (): void => {
      heard.first++;
    };
    const second = (): void => {
      heard.second++;
    };
    addTurnListener(first);
    addTurnListener(second);
    for (let i = 0; i < 5; i++) await poll();
    expect(heard.first).to.be.at.least(4);
    expect(heard.second).to.equal(heard.first);
    removeTurnListener(first);
    const before = { ...heard };
    for (let i = 0; i < 5; i++) await poll();
    expect(heard.first).to.equal(before.first);
    expect(heard.second).to.be.at.least(before.second + 4);
    removeTurnListener(second);
    removeTurnListener(second);
  });

  it('a listener that throws is an uncaught exception, and the others are still called', async () => {
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const uncaught: unknown[] = [];
    process.on('uncaughtException', (error) => uncaught.push(error));
    let called = 0;
    const error = new Error('on purpose');
    const thrower = (): void => {
      removeTurnListener(thrower);
      throw error;
    };
    const other = (): void => {
      called++;
    };
    addTurnListener(thrower);
    addTurnListener(other);
    await delay(2);
    removeTurnListener(other);
    process.removeAllListeners('uncaughtException');
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(uncaught).to.deep.equal([error]);
    expect(called).to.be.at.least(1);
  });
});
