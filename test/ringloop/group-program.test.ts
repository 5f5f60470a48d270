import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect } from 'chai';

const execute = promisify(execFile);
const program = new URL('./fixtures/group-program.js', import.meta.url).pathname;

describe('A program with a LoopGroup', () => {
  for (const what of [
    'calls and closes',
    'closes within a loop',
    'has members that die among busy sockets',
  ]) {
    it(`that ${what} ends by itself, and prints nothing`, async () => {
      // Rejects when the exit code is not 0.
      const { stdout, stderr } = await execute(process.execPath, ['--trace-warnings', program, what], {
        timeout: 20_000,
      });
      expect([stdout, stderr]).to.deep.equal(['', '']);
    }).slow(2000);
  }
});
