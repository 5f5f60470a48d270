// Prints what failed and, as its last line, "N passed, N failed". Usage: node .ci/summary.js STEPS_FAILED REPORT.json...
import { existsSync, readFileSync } from 'node:fs';

const [stepsFailed, ...files] = process.argv.slice(2);
let passed = 0;
let failed = 0;
for (const file of files) {
  if (!existsSync(file)) continue; // the step that should have written it has failed, and is counted below
  const { stats, failures, pending } = JSON.parse(readFileSync(file, 'utf8'));
  passed += stats.passes;
  failed += stats.failures;
  for (const test of pending) console.log(`skipped: ${test.fullTitle}`);
  for (const test of failures)
    console.log(`failed: ${test.fullTitle}\n${test.err.stack ?? test.err.message}\n`);
}
// A step that failed although no test did (lint, the main job, a runner that crashed) must show in the count.
if (failed === 0) failed = Number(stepsFailed);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
