import { availableParallelism } from 'node:os';
import { expect } from 'chai';
import { cliFile } from './cli-file.js';

const { parseOptions, USAGE } = (await cliFile(
  'options',
)) as typeof import('../../../packages/ringloop/dist/cli/options.js');
const { UsageError } = (await cliFile(
  'errors',
)) as typeof import('../../../packages/ringloop/dist/cli/errors.js');

describe('ringloop/cli/options', () => {
  it('parseOptions() has a default for everything', () => {
    const options = parseOptions([]);
    const loops = Math.min(Math.max(availableParallelism(), 2), 32);
    expect(options).to.include({
      loops,
      limit: 3000,
      connections: loops * 8,
      host: '127.0.0.1',
      port: 0,
      http: false,
      json: false,
    });
    expect(options?.dir).to.match(/node_modules$/);
  });

  it('parseOptions() takes every option', () => {
    const args =
      '--dir some/where --loops 3 --limit 7 --connections 5 --host ::1 --port 8080 --http --json'.split(' ');
    expect(parseOptions(args)).to.deep.equal({
      dir: 'some/where',
      loops: 3,
      limit: 7,
      connections: 5,
      host: '::1',
      port: 8080,
      http: true,
      json: true,
    });
  });

  it('parseOptions() takes localhost for one address', () => {
    expect(parseOptions(['--host', 'localhost'])?.host).to.equal('127.0.0.1');
  });

  it('parseOptions() gives null when help is asked for', () => {
    expect(parseOptions(['--help'])).to.equal(null);
    expect(parseOptions(['-h'])).to.equal(null);
  });

  const refused: readonly [args: string[], message: string][] = [
    [['--loops', '0'], '--loops must be an integer from 1 to 32, got 0'],
    [['--loops', '33'], '--loops must be an integer from 1 to 32, got 33'],
    [['--loops', '1.5'], '--loops must be an integer from 1 to 32, got 1.5'],
    [['--loops', '1e1'], '--loops must be an integer from 1 to 32, got 1e1'],
    [['--loops', ''], '--loops must be an integer from 1 to 32, got '],
    [['--loops=-1'], '--loops must be an integer from 1 to 32, got -1'],
    [['--limit', '0'], '--limit must be an integer from 1 to 10000000, got 0'],
    [['--connections', 'many'], '--connections must be an integer from 1 to 256, got many'],
    [['--port', '65536'], '--port must be an integer from 0 to 65535, got 65536'],
    [['--host', '0.0.0.0'], '--host must be a loopback address, got 0.0.0.0'],
    [['--host', '127.evil.example'], '--host must be a loopback address, got 127.evil.example'],
    [['--dir', ''], '--dir must not be empty'],
    [['--loop', '2'], "Unknown option '--loop'"],
    [['--dir'], "Option '--dir <value>' argument missing"],
    [['--json=yes'], "Option '--json' does not take an argument"],
    [['folder'], "Unexpected argument 'folder'"],
  ];
  for (const [args, message] of refused) {
    it(`parseOptions() refuses ${JSON.stringify(args.join(' '))}`, () => {
      expect(() => parseOptions(args))
        .to.throw(UsageError)
        .with.property('message')
        .that.equals(message);
    });
  }

  it('USAGE names every option', () => {
    const options = parseOptions([]);
    for (const name of [...Object.keys(options ?? {}), 'help']) expect(USAGE).to.contain(`--${name}`);
  });
});
