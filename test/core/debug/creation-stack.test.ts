import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BaseEventLoop, sleep, VirtualHost } from '@ringloop/core';
import { expect } from 'chai';
import { coreFile } from '../core-file.js';

const execute = promisify(execFile);
const { creationSite, creationStack } = (await coreFile(
  'debug/creation-stack',
)) as typeof import('../../../packages/core/dist/debug/creation-stack.js');

const HERE = /creation-stack\.test\.[jt]s:\d+:\d+\)?$/;

describe('core/creation-stack', () => {
  let loop: BaseEventLoop;

  beforeEach(() => {
    loop = new BaseEventLoop({ host: new VirtualHost({ autojump: true }), debug: true });
    loop.slowCallbackDuration = Infinity;
  });

  it("creationStack() begins with the user's innermost frame, whatever of ringloop lies between", async () => {
    const traces = [loop.callSoon(() => undefined).sourceTraceback, loop.createFuture().sourceTraceback];
    await loop.runUntilComplete(async function main() {
      traces.push((sleep(1) as unknown as { sourceTraceback: string }).sourceTraceback); // a future
      traces.push(loop.createTask(() => Promise.resolve()).sourceTraceback);
      await sleep(0);
      traces.push(loop.createFuture().sourceTraceback);
    });
    expect(traces.length).to.equal(5);
    for (const trace of traces) expect(trace?.split('\n')[0]).to.match(HERE);
    expect(traces[4]).to.match(/^ +at (async )?main /);
  });

  it('creationStack() is at most ten frames, the innermost ones', () => {
    const nested = (depth: number): string => (depth === 0 ? creationStack() : nested(depth - 1));
    const frames = nested(30).split('\n');
    expect(frames.length).to.equal(10);
    for (const frame of frames) expect(frame).to.match(/ at nested .*creation-stack\.test/);
  });

  it('creationStack() restores how long the stacks of errors are', () => {
    const before = Error.stackTraceLimit;
    creationStack();
    expect(Error.stackTraceLimit).to.equal(before);
  });

  it("creationStack() where no frame is the user's gives what there is", async () => {
    const stack = await new Promise<string>((resolve) => {
      setImmediate(() => {
        resolve([1].map(creationStack)[0] ?? '');
      });
    });
    expect(stack.split('\n')[0]).to.match(HERE);
    const bare = await new Promise<string>((resolve) => setImmediate(() => resolve(''))).then(creationStack);
    expect(bare).to.match(/^ +at /); // nobody but the microtask queue and ringloop
  });

  it('creationStack() gives nothing where errors have no stack', () => {
    const restore = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
    Error.prepareStackTrace = () => undefined;
    try {
      expect(creationStack()).to.equal('');
    } finally {
      Object.defineProperty(Error, 'prepareStackTrace', {
        value: undefined,
        writable: true,
        configurable: true,
        ...restore,
      });
    }
  });

  it('creationSite() is place, line and column', () => {
    for (const [frame, site] of [
      ['    at main (file:///home/me/a b.js:1:2)', '/home/me/a b.js:1:2'],
      ['    at async main (/home/me/app.js:1:2)\n    at other (/x.js:3:4)', '/home/me/app.js:1:2'],
      ['    at /home/me/app.js:1:2', '/home/me/app.js:1:2'],
      ['    at async file:///home/me/app.js:1:2', '/home/me/app.js:1:2'],
      ['    at new Foo (C:\\me\\app.js:1:2)', 'C:\\me\\app.js:1:2'],
      ['', ''],
    ] as const) {
      expect(creationSite(frame)).to.equal(site);
    }
  });

  // Errors thrown by Node with source maps off have other paths: the compiled ones.
  it("creationStack() finds the user's frame without source maps, too", async () => {
    const program = `
      import { BaseEventLoop, VirtualHost } from '@ringloop/core';
      const loop = new BaseEventLoop({ host: new VirtualHost(), debug: true });
      function schedule() { return loop.callSoon(() => undefined); }
      console.log(schedule().sourceTraceback.split('\\n')[0]);`;
    const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', program]);
    expect(stdout).to.match(/ at schedule /);
  });

  it('creationStack() leaves the packages out where they are installed, but no others', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringloop-installed-'));
    try {
      const modules = join(folder, 'node_modules');
      const dist = fileURLToPath(new URL('../../../../packages/core/', import.meta.url));
      for (const part of ['dist', 'package.json']) {
        await cp(join(dist, part), join(modules, '@ringloop/core', part), { recursive: true });
      }
      const schedule = `
        import { BaseEventLoop, VirtualHost } from '@ringloop/core';
        const loop = new BaseEventLoop({ host: new VirtualHost(), debug: true });
        export const schedule = () => loop.callSoon(() => undefined).sourceTraceback.split('\\n')[0];`;
      for (const name of ['ringloop', 'ringloop-extra']) {
        await mkdir(join(modules, name));
        await writeFile(join(modules, name, 'index.mjs'), schedule);
        await writeFile(
          join(modules, name, 'package.json'),
          JSON.stringify({ name, exports: './index.mjs' }),
        );
      }
      const program = join(folder, 'program.mjs');
      await writeFile(
        program,
        `import { schedule } from 'ringloop';
        import { schedule as another } from 'ringloop-extra';
        console.log(schedule());
        console.log(another());`,
      );
      const { stdout } = await execute(process.execPath, [program]);
      const [umbrella, other] = stdout.split('\n');
      expect(umbrella).to.match(/ at .*program\.mjs:3:/);
      expect(other).to.match(/ at .*ringloop-extra/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
