// Checks what a short run of the main job printed. Usage: node .ci/check-smoke.js FILE
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
assert.equal(report.ok, true);
assert.equal(report.mismatches, 0);
assert.equal(report.files, 300);
assert.ok(report.loops.length >= 2, 'at least two loops serve');
assert.equal(
  report.loops.reduce((sum, { files }) => sum + files, 0),
  report.files,
  'every file was served by one of the loops',
);
assert.ok(report.crossThreadCalls >= report.files, 'every file was reported to the main loop');
console.log(`${report.files} files in ${report.seconds} s, ${report.crossThreadCalls} calls between threads`);
