import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { expect } from 'chai';

const MODULE = `
import { remote } from 'ringloop';

export interface Answer { readonly text: string }

export const shout = remote(import.meta.url, function shout(text: string): Answer {
  return { text: text.toUpperCase() };
});

export const whisper = async (text: string): Promise<Answer> => ({ text: text.toLowerCase() });
`;

const MAIN = `
import { LoopGroup, remoteModule, run, getRunningLoop } from 'ringloop';
import { type Answer, shout } from './voices.ts';

const voices = remoteModule<typeof import('./voices.ts')>('./voices.ts', import.meta.url);

await run(async () => {
  const group = await LoopGroup.spawn({ loops: 1 });
  const loud: Answer = await group.next().runCoroutineThreadsafe(shout, 'Hello');
  const low: Answer = await group.next().runCoroutineThreadsafe(voices.whisper, 'Hello');
  const again: Answer = await getRunningLoop().runInExecutor(null, voices.shout, 'again');
  console.log(loud.text, low.text, again.text);
  await group.close();
});
`;

/** Nodes that strip types have this; types of older Nodes do not. */
const { typescript = false } = process.features as { typescript?: false | 'strip' | 'transform' };

describe('remote() and remoteModule() in TypeScript that Node runs itself (skipped where Node strips no types)', function () {
  this.slow(10_000); // starts a process and several threads

  before(function () {
    if (typescript === false) this.skip();
  });

  it('import the .ts files in the called threads', async () => {
    const folder = await mkdtemp(fileURLToPath(new URL('../fixtures/stripped-', import.meta.url)));
    try {
      await writeFile(join(folder, 'voices.ts'), MODULE);
      await writeFile(join(folder, 'main.ts'), MAIN);
      const output = await new Promise<string>((resolve) => {
        execFile(
          process.execPath,
          [join(folder, 'main.ts')],
          { timeout: 25_000 },
          (error, stdout, stderr) => {
            resolve(error === null ? stdout : `${error.message}\n${stderr}`);
          },
        );
      });
      expect(output).to.equal('HELLO hello AGAIN\n');
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
