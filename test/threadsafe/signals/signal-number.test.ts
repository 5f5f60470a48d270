import { constants } from 'node:os';
import { expect } from 'chai';
import { thrownBy } from '../../rejection.js';
import { signalName, toSignalNumber } from '@ringloop/threadsafe/internal';

describe('threadsafe/signals/signal-number', () => {
  it('toSignalNumber() takes every name and number that the system has', () => {
    for (const [name, number] of Object.entries(constants.signals)) {
      expect(toSignalNumber(name)).to.equal(number);
      expect(toSignalNumber(number)).to.equal(number);
      expect(constants.signals[signalName(number)]).to.equal(number);
    }
  });

  it('signalName() gives one name to a signal that has several', () => {
    expect(signalName(constants.signals.SIGIOT)).to.equal('SIGABRT');
  });

  for (const value of [0, -1, 65, 1.5, NaN, Infinity, 2 ** 32 + 10]) {
    it(`toSignalNumber(${value}) throws a RangeError`, async () => {
      const error = await thrownBy(() => toSignalNumber(value));
      expect(error).to.be.instanceOf(RangeError);
      expect(error).to.include({ code: 'ERR_OUT_OF_RANGE', message: `invalid signal number ${value}` });
    });
  }

  for (const value of [32, 34, 64]) {
    it(`toSignalNumber(${value}) says that Node has no real-time signals`, async function () {
      if (process.platform !== 'linux') this.skip();
      expect(await thrownBy(() => toSignalNumber(value))).to.include({
        code: 'ERR_OUT_OF_RANGE',
        message: `invalid signal number ${value}: Node.js cannot watch it`,
      });
    });
  }

  for (const [value, shown] of [
    ['boom', "'boom'"],
    ['sigterm', "'sigterm'"],
    ['TERM', "'TERM'"],
    ['', "''"],
    ['15', "'15'"],
    ['toString', "'toString'"],
    ['__proto__', "'__proto__'"],
    ['SIGRTMIN', "'SIGRTMIN', Node.js cannot watch real-time signals"],
  ]) {
    it(`toSignalNumber('${value}') throws a TypeError`, async () => {
      const error = await thrownBy(() => toSignalNumber(value));
      expect(error).to.be.instanceOf(TypeError);
      expect(error).to.include({ code: 'ERR_UNKNOWN_SIGNAL', message: `Unknown signal: ${shown}` });
    });
  }

  for (const value of [null, undefined, true, {}, 15n, Symbol('SIGTERM'), () => 15]) {
    it(`toSignalNumber() throws a TypeError for a value that is neither name nor number: ${typeof value}`, async () => {
      const error = await thrownBy(() => toSignalNumber(value));
      expect(error).to.be.instanceOf(TypeError);
      expect(error).to.include({ code: 'ERR_INVALID_ARG_TYPE' });
      expect(error.message).to.match(/^signal must be the name or the number of a signal, got /);
    });
  }
});
