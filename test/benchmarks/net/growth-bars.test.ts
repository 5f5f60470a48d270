import { expect } from 'chai';
import { showBars } from '../../../benchmarks/net/growth-bars.js';

describe('showBars()', () => {
  it('draws the parts of each bar on one scale', () => {
    const bar = (label: string, user: number, system: number) => ({
      label,
      parts: [
        ['#', user],
        ['-', system],
      ] as const,
    });
    const shown = showBars('Title', [
      ['1', [bar('a', 6, 2), bar('long', 1, 0)]],
      ['100', [bar('a', 0, 0.01)]],
    ]);
    expect(shown).to.equal(
      [
        'Title',
        `  1  a     ${'#'.repeat(36)}${'-'.repeat(12)} 8.00`,
        `     long  ${'#'.repeat(6)} 1.00`,
        '100  a      0.0100',
      ].join('\n'),
    );
  });
});
