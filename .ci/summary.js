// Prints what failed and, as its last line, "N passed, N failed". Usage: node .ci/summary.js STEPS_FAILED REPORT...
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

const [stepsFailed, ...files] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const report of files) {
  const file = `${report}.json`;
  const name = basename(report);
  if (!existsSync(file)) {
    console.log(`no report: ${name}`); // its runner has crashed or was not there
    failed++;
    continue;
  }
  const { stats, failures, pending } = JSON.parse(readFileSync(file, 'utf8'));
  console.log(`${name}: ${stats.passes} passed, ${stats.failures} failed, ${stats.pending} skipped`);
  passed += stats.passes;
  failed += stats.failures;
  for (const test of pending) console.log(`skipped (${name}): ${test.fullTitle}`);
  for (const test of failures)
    console.log(`failed (${name}): ${test.fullTitle}\n${test.err.stack ?? test.err.message}\n`);
}
// A step that failed although no test did (lint, the main job, a runner that crashed) must show in the count.
if (failed === 0) failed = Number(stepsFailed);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
