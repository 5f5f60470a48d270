import { expect } from 'chai';
import { judge, unfit } from '../../../benchmarks/net/compare.js';
import { toFigures } from '../../../benchmarks/net/contender.js';
import { firstTwo } from '../../../benchmarks/net/host.js';
import type { Aim } from '../../../benchmarks/net/scenario.js';

describe('judge()', () => {
  const aim: Aim = { server: 'ours', metric: 'user', against: 'theirs', sense: 'at most', bound: 0.5 };

  it('divides medians, and tells the ratios of single rounds', () => {
    const figures = new Map([
      ['ours', [{ user: 1 }, { user: 2 }, { user: 3 }]],
      ['theirs', [{ user: 4 }, { user: 4 }, { user: 5 }]],
    ]);
    const { value, met } = judge(aim, figures);
    expect({ value, met }).to.deep.equal({ value: { median: 0.5, min: 0.25, max: 0.6 }, met: true });
    expect(judge({ ...aim, sense: 'at least', bound: 0.51 }, figures).met).to.equal(false);
  });

  it('judges nothing when a server is missing', () => {
    expect(judge(aim, new Map([['ours', [{ user: 1 }]]]))).to.deep.equal({ ...aim, value: null, met: null });
  });
});

describe('unfit()', () => {
  it('tells why a cell cannot be measured', () => {
    const cell = { connections: 1_000, size: 65_536, depth: 1 };
    expect(unfit(cell, { kind: 'tcp' }, { descriptors: 1_100 })).to.equal(null);
    expect(unfit(cell, { kind: 'tcp' }, { descriptors: 1_024 })).to.match(/1024 descriptors/);
    expect(unfit(cell, { kind: 'udp' }, { descriptors: 1_100 })).to.match(/65507 bytes/);
  });
});

describe('toFigures()', () => {
  it('gives microseconds for each request, and shares of a processor', () => {
    const times = { seconds: 0.5, user: 0.1, system: 0.3, client: 0.25, p50: 1e-3, p99: 2e-3 };
    expect(toFigures({ requests: 1_000, lost: 3, ...times })).to.deep.equal({
      ...{ user: 100, system: 300, total: 400, rate: 2_000, p50: 1_000, p99: 2_000 },
      ...{ serverLoad: 0.8, clientLoad: 0.5, lost: 3 },
    });
  });
});

describe('firstTwo()', () => {
  it('reads the first two cores of a list', () => {
    expect(['0,1', '0-3', '4,6-9', '2'].map(firstTwo)).to.deep.equal([[0, 1], [0, 1], [4, 6], null]);
  });
});
