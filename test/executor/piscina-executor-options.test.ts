import { expect } from 'chai';
import { PiscinaExecutor, type PiscinaExecutorOptions } from '@ringloop/executor';

describe('executor/piscina-executor-options', () => {
  const wrongType: [unknown, string][] = [
    [{ maxThreads: '2' }, "maxThreads must be a number, got '2'"],
    [{ minThreads: null }, 'minThreads must be a number, got null'],
    [{ maxQueue: 'auto' }, "maxQueue must be a number, got 'auto'"],
    [{ idleTimeout: '1' }, "idleTimeout must be a number of seconds, got '1'"],
    [{ idleTimeout: NaN }, 'idleTimeout must be a number of seconds, got NaN'],
    [{ resourceLimits: 5 }, 'resourceLimits must be an object, got 5'],
  ];
  for (const [options, message] of wrongType) {
    it(`PiscinaExecutorOptions refuse ${JSON.stringify(options)} with a TypeError`, () => {
      expect(() => new PiscinaExecutor(options as PiscinaExecutorOptions))
        .to.throw(TypeError, message)
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
    });
  }

  const outOfRange: [PiscinaExecutorOptions, string][] = [
    [{ maxThreads: 0 }, 'maxThreads must be an integer of at least 1, got 0'],
    [{ maxThreads: 1.5 }, 'maxThreads must be an integer of at least 1, got 1.5'],
    [{ maxThreads: Infinity }, 'maxThreads must be an integer of at least 1, got Infinity'],
    [{ minThreads: -1 }, 'minThreads must be an integer of at least 0, got -1'],
    [{ maxThreads: 1, minThreads: 2 }, 'minThreads must be at most maxThreads, 1, got 2'],
    [{ maxQueue: -1 }, 'maxQueue must be an integer of at least 0, got -1'],
    [{ idleTimeout: -0.1 }, 'idleTimeout must not be negative, got -0.1'],
  ];
  for (const [options, message] of outOfRange) {
    it(`PiscinaExecutorOptions refuse ${JSON.stringify(options)} with a RangeError`, () => {
      expect(() => new PiscinaExecutor(options))
        .to.throw(RangeError, message)
        .with.property('code', 'ERR_OUT_OF_RANGE');
    });
  }

  it('PiscinaExecutorOptions may all be left out or unlimited', async () => {
    await new PiscinaExecutor().shutdown();
    await new PiscinaExecutor({ idleTimeout: Infinity, maxQueue: Infinity, resourceLimits: {} }).shutdown();
  });
});
