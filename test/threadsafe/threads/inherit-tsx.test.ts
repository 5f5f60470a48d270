import { expect } from 'chai';

const { findTsx, registersItself } = (await import(
  new URL('../../../../packages/threadsafe/dist/threads/inherit-tsx.js', import.meta.url).href
)) as typeof import('../../../packages/threadsafe/dist/threads/inherit-tsx.js');

describe('threadsafe/inherit-tsx', () => {
  it('findTsx() finds what --import names, if that is tsx', () => {
    const loader = 'file:///project/node_modules/tsx/dist/loader.mjs';
    expect([
      findTsx(['--require', '/x/preflight.cjs', '--import', loader]),
      findTsx([`--import=${loader}`]),
      findTsx(['--import', 'tsx']),
      findTsx(['--no-warnings', '--import=tsx/esm']),
    ]).to.deep.equal([loader, loader, 'tsx', 'tsx/esm']);
    for (const args of [
      [],
      ['tsx'],
      ['--import'],
      ['--import', './tsx.js'],
      ['--import=tsxx'],
      ['--require', 'tsx'],
    ]) {
      expect(findTsx(args)).to.equal(null);
    }
  });

  it('registersItself() knows the Node versions in which tsx registers itself in a worker', () => {
    const versions = [
      '20.20.2',
      '22.12.0',
      '22.22.2',
      '22.22.3',
      '22.23.0',
      '23.11.0',
      '24.11.0',
      '24.11.1',
      '25.0.0',
      '25.1.0',
      '26.0.0',
    ];
    expect(versions.filter(registersItself)).to.deep.equal([
      '22.22.3',
      '22.23.0',
      '24.11.1',
      '25.1.0',
      '26.0.0',
    ]);
  });
});
