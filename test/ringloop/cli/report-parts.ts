import type { ReportParts as Parts } from '../../../packages/ringloop/dist/cli/report.js';

const activity = (callsSent: number, callsReceived: number, utilisation: number): Parts['main'] => ({
  callsSent,
  callsReceived,
  utilisation,
});

/** A run of two serving loops. */
export const PARTS: Parts = {
  interrupted: false,
  loops: [
    {
      name: 'serve-0',
      files: 1200,
      bytes: 3_000_000,
      compressedBytes: 900_000,
      executorTasks: 1201,
      ...activity(1200, 2, 0.5),
    },
    {
      name: 'serve-1',
      files: 34,
      bytes: 1_500_000,
      compressedBytes: 100_000,
      executorTasks: 40,
      ...activity(34, 2, 0.0312),
    },
  ],
  main: activity(5, 1234, 0.1),
  streamed: {
    files: 1234,
    bytes: 4_500_000,
    mismatches: [],
    failure: null,
    seconds: 1.5,
    p50Ms: 1.234,
    p99Ms: 23.4,
    activity: activity(0, 1, 0.75),
  },
};
