import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeBlocks } from '../docs/markdown.js';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // from build/test/tools
const PROJECTS = join(ROOT, 'build/tools');
const PACKAGES = ['core', 'threadsafe', 'executor', 'net'];

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A small project in a folder of its own, from where the packages are found as in any project that has them installed. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** @param files text by path */
  static async make(type: 'module' | 'commonjs', files: Readonly<Record<string, string>>): Promise<Project> {
    await mkdir(PROJECTS, { recursive: true });
    const project = new Project(await mkdtemp(join(PROJECTS, 'project-')));
    await project.write({ 'package.json': JSON.stringify({ type }), ...files });
    return project;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [path, text] of Object.entries(files)) {
      const file = join(this.folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  }

  /** Installs another copy of all packages in a folder of the project. */
  async install(folder: string): Promise<void> {
    const modules = join(this.folder, folder, 'node_modules');
    const copies = [
      ...PACKAGES.map((name) => [name, `@ringloop/${name}`] as const),
      ['ringloop', 'ringloop'] as const,
    ];
    for (const [name, as] of copies) {
      for (const part of ['package.json', 'dist']) {
        await cp(join(ROOT, 'packages', name, part), join(modules, as, part), { recursive: true });
      }
    }
  }

  /** Starts Node, this one, with these arguments, in the folder of the project. */
  async node(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const child = spawn(process.execPath, args, {
      cwd: this.folder,
      env: { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1', FORCE_COLOR: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, stdout, stderr };
  }

  /** Starts a tool: the script of a package, by the path that it has in there. */
  tool(name: string, script: string, args: readonly string[], node: readonly string[] = []): Promise<Ended> {
    const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`);
    return this.node([...node, join(dirname(manifest), script), ...args]);
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

/** Whether this Node is at least that version. */
export const nodeIs = (atLeastMajor: number, atLeastMinor = 0): boolean =>
  major > atLeastMajor || (major === atLeastMajor && minor >= atLeastMinor);

export const nodeMajor = major;

/** A block of docs/tools.md: what it shows is what is tested. */
export function documented(section: string, language: string): string {
  const blocks = codeBlocks(readFileSync(join(ROOT, 'docs/tools.md'), 'utf8'));
  const block = blocks.find((each) => each.section === section && each.language === language);
  if (block === undefined) throw new Error(`docs/tools.md has no ${language} block in "${section}"`);
  return block.text;
}
