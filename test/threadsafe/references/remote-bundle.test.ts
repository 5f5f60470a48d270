import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { build, type BuildOptions } from 'esbuild';

const fixtures = fileURLToPath(new URL('../fixtures/bundle/', import.meta.url));
const OUTPUT = 'left 1 right 2\nright 3\n';

describe('remote() in bundles', function () {
  this.slow(10_000); // each case starts a process and several threads

  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(fixtures, 'out-')); // where packages are found
  });

  after(() => rm(folder, { recursive: true }));

  it('finds equally named functions of several modules in a single file, which guards its main program', async () => {
    expect(await bundleAndRun('guarded', {})).to.deep.equal({ code: 0, stdout: OUTPUT, stderr: '' });
  });

  it('finds them in minified output', async () => {
    expect(await bundleAndRun('guarded', { minify: true })).to.deep.equal({
      code: 0,
      stdout: OUTPUT,
      stderr: '',
    });
  });

  it('finds them in chunks of their own, and no guard is needed', async () => {
    const entryPoints = ['unguarded', 'left', 'right'].map(compiled);
    expect(await bundleAndRun('unguarded', { entryPoints, splitting: true })).to.deep.equal({
      code: 0,
      stdout: OUTPUT,
      stderr: '',
    });
  });

  for (const [program, action] of [
    ['unguarded', 'run a main program'],
    ['spawning', 'spawn a group'],
    ['submitting', 'submit describe()'],
    ['late', 'spawn a group'],
  ] as const) {
    it(`fails when ${program}.js is imported as a whole by the threads it starts, and says why`, async () => {
      const { code, stderr } = await bundleAndRun(program, {});
      expect(stderr).to.include(`RemoteFunctionError: Cannot ${action} from file:`);
      expect(stderr).to.include(
        'put the main program into a module of its own, or run it only if (isMainThread)',
      );
      expect(code).to.equal(1);
    });
  }

  async function bundleAndRun(program: string, options: BuildOptions): Promise<Outcome> {
    const outdir = await mkdtemp(join(folder, `${program}-`));
    await build({
      entryPoints: [compiled(program)],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      external: ['ringloop'],
      outdir,
      logLevel: 'warning',
      ...options,
    });
    return execute(join(outdir, `${program}.js`));
  }
});

const compiled = (program: string): string => join(fixtures, `${program}.js`);

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function execute(file: string): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(process.execPath, [file], { timeout: 25_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr });
    });
  });
}
