import { expect } from 'chai';
import { UsageError } from '../../../benchmarks/harness/usage-error.js';
import { readOptions } from '../../../benchmarks/net/options.js';

const names = (args: readonly string[]): string[] => readOptions(args).scenarios.map(({ name }) => name);

describe('readOptions()', () => {
  it('asks everything, five rounds of a second', () => {
    const { rounds, seconds, json, write } = readOptions([]);
    expect({ rounds, seconds, json, write }).to.deep.equal({
      rounds: 5,
      seconds: 1,
      json: null,
      write: false,
    });
    expect(names([])).to.deep.equal([
      ...['tcp', 'tcp-pipelined', 'unix', 'udp', 'accept', 'http', 'http-work', 'memory'],
    ]);
  });

  it('replaces connections and sizes by lists', () => {
    const [tcp] = readOptions(['--scenario', 'tcp', '--connections', '1,7', '--size', '64']).scenarios;
    expect(tcp?.cells).to.deep.equal([
      { connections: 1, size: 64, depth: 1 },
      { connections: 7, size: 64, depth: 1 },
    ]);
  });

  it('leaves HTTP the size of its answer', () => {
    const [http] = readOptions(['--scenario', 'http', '--connections', '5', '--size', '64']).scenarios;
    expect(http?.cells).to.deep.equal([{ connections: 5, size: 13, depth: 1 }]);
  });

  it('leaves out scenarios and aims without a named server', () => {
    const { scenarios } = readOptions(['--server', 'ringloop', '--server', 'node:dgram']);
    const aims = scenarios.map((scenario) => [scenario.name, scenario.aims.length]);
    expect(aims).to.deep.equal([
      ...[
        ['tcp', 0],
        ['tcp-pipelined', 0],
        ['unix', 0],
        ['udp', 1],
        ['accept', 0],
        ['memory', 0],
      ],
    ]);
  });

  it('covers every aim with --quick', () => {
    const aimsOf = (args: string[]): string[] =>
      readOptions(args).scenarios.flatMap(({ name, aims }) =>
        aims.map((aim) => `${name} ${JSON.stringify(aim)}`),
      );
    const { scenarios } = readOptions(['--quick']);
    expect(aimsOf(['--quick'])).to.deep.equal(aimsOf([]));
    for (const { aims, servers, cells } of scenarios) {
      expect(cells).not.to.deep.equal([]);
      const there = servers.map(({ name }) => name);
      expect(there).to.include.members(aims.flatMap(({ server, against }) => [server, against]));
    }
  });

  for (const [args, message] of [
    [['--rounds', '0'], '--rounds must be a positive integer, got 0'],
    [['--seconds', 'x'], '--seconds must be a positive number, got x'],
    [['--size', '2000000'], '--size must be an integer from 1 to 1048576, got 2000000'],
    [['--connections', '1,'], '--connections must be a positive integer, got '],
    [
      ['--write', '--size', '64'],
      '--write keeps whole reports only, and not what is asked of some scenarios, servers or cells',
    ],
  ] as const) {
    it(`refuses ${args.join(' ')}`, () => {
      expect(() => readOptions(args))
        .to.throw(UsageError)
        .with.property('message', message);
    });
  }

  it('names the scenarios and servers that there are', () => {
    expect(() => readOptions(['--scenario', 'x'])).to.throw(UsageError, /"tcp", .* got x/);
    expect(() => readOptions(['--server', 'x'])).to.throw(UsageError, /"ringloop", .* got x/);
    expect(() => readOptions(['--bogus'])).to.throw(UsageError, /--bogus/);
  });
});
