import { expect } from 'chai';
import { fillIn } from '../../../benchmarks/net/document.js';
import type { Report } from '../../../benchmarks/net/report.js';

const REPORT: Report = {
  benchmark: 'net',
  machine: {
    ...{
      node: 'v20',
      commit: 'abc',
      date: '2026-01-02',
      cpu: 'CPU',
      cores: 2,
      memoryGiB: 1,
      system: 'linux 6',
    },
  },
  peers: { uvloop: null },
  cores: [0, 1],
  rounds: 7,
  seconds: 1,
  results: [
    {
      ...{ scenario: 'tcp', title: 'TCP echo', measures: 'requests', base: 'node:net', skipped: {} },
      cells: [
        {
          ...{ cell: { connections: 100, size: 64, depth: 1 }, rows: [], skipped: null, failed: {} },
          verdicts: [
            {
              ...{ server: 'ringloop', metric: 'user', against: 'node:net', sense: 'at most', bound: 0.5 },
              ...{ value: { median: 0.25, min: 0.2, max: 0.3 }, met: true },
            },
          ],
        },
      ],
    },
  ],
};

describe('fillIn()', () => {
  const begin = '<!-- figures of bench:net, written by --write -->';
  const end = '<!-- end of the figures -->';

  it('replaces the figures, and nothing else', () => {
    const filled = [
      `before ${begin}`,
      '',
      '| question                      | server   | figure   | by       | ratio               | aim   | met |',
      '| ----------------------------- | -------- | -------- | -------- | ------------------- | ----- | --- |',
      '| tcp: 100 connections, 64 bytes | ringloop | user CPU | node:net | 0.250 (0.200–0.300) | ≤ 0.5 | yes |',
      '',
      'Medians (smallest–largest) of 7 rounds of 1 s, servers in turns; servers on core 0, the load on core 1.',
      'CPU, 2 cores, linux 6, Node v20, abc; uvloop is missing. 2026-01-02; [x.json](../benchmarks/results/x.json).',
      '',
      `${end} after`,
    ].join('\n');
    const once = fillIn(`before ${begin}\nold\n${end} after`, REPORT, 'x.json');
    expect(once.replace(/ +\|/g, ' |').replace(/-+ \|/g, '- |')).to.equal(
      filled.replace(/ +\|/g, ' |').replace(/-+ \|/g, '- |'),
    );
    expect(fillIn(once, REPORT, 'x.json')).to.equal(once);
  });

  it('refuses a document without a place for them', () => {
    expect(() => fillIn(`${end} ${begin}`, REPORT, 'x.json')).to.throw('in the document');
  });
});
