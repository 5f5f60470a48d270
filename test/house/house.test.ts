/** Guards of the house: what everyone has agreed on, and nobody remembers when a file is added. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url)); // from build/test/house
const { FOLDERS } = (await import(new URL('../../../folder-arrows.js', import.meta.url).href)) as {
  readonly FOLDERS: Readonly<Record<string, readonly string[]>>;
};

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

function sourcesOf(name: string): string[] {
  const base = `packages/${name}/src`;
  return readdirSync(join(ROOT, base), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.c?ts$/.test(file))
    .map((file) => `${base}/${file}`)
    .sort();
}

function importsOf(from: string): Import[] {
  const statements = read(from).matchAll(
    /(?:import|export)\s+(type\s+)?(?:\{([^}]*)\}\s*|\w+\s+)?from\s+'(\.[^']+)'|import\s+'(\.[^']+)'/g,
  );
  return [...statements].map(([, type, names, specifier, bare]) => ({
    from,
    to: normalize(join(dirname(from), specifier ?? bare ?? '')).replace(/\.js$/, '.ts'),
    isType: type !== undefined || (names?.split(',').every((name) => /^\s*(type\s|$)/.test(name)) ?? false),
  }));
}

const PACKAGES = Object.keys(FOLDERS);
const SOURCES = PACKAGES.flatMap(sourcesOf);

/** The folder of a source within its package; '' for the root. */
function folderOf(file: string): string {
  const [, , , folder = '', ...rest] = file.split('/');
  return rest.length > 0 ? folder : '';
}

/** Groups of files that import each other. */
function circles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const reach = new Map<string, Set<string>>();
  for (const start of targets.keys()) {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const to of targets.get(file) ?? []) if (!seen.has(to)) (open.push(to), seen.add(to));
    }
    reach.set(start, seen);
  }
  const together = (a: string, b: string): boolean =>
    reach.get(a)?.has(b) === true && reach.get(b)?.has(a) === true;
  const found = new Map<string, string[]>();
  for (const file of targets.keys()) {
    const circle = [...targets.keys()].filter((other) => together(file, other)).sort();
    if (circle.length > 1) found.set(circle.join(), circle);
  }
  return [...found.values()];
}

/** Names that a door exports, types included. */
function exportsOf(file: string): string[] {
  const lists = [...read(file).matchAll(/export (?:type )?\{([^}]*)\}/g)].flatMap(([, names = '']) =>
    names.split(','),
  );
  return lists
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type /, '')
          .split(' as ')
          .at(-1) ?? '',
    )
    .filter((name) => name !== '');
}

describe('house', () => {
  it('sources have been found', () => {
    expect(SOURCES.length).to.be.greaterThan(250);
  });

  it('every folder of a package has its place among the arrows', () => {
    const folders = new Set(SOURCES.map((file) => `${String(file.split('/')[1])}/${folderOf(file)}`));
    const known = PACKAGES.flatMap((name) =>
      ['', ...(FOLDERS[name] ?? [])].map((folder) => `${name}/${folder}`),
    );
    expect([...folders].filter((folder) => !known.includes(folder))).to.deep.equal([]);
  });

  it('imports between folders point to the left in folder-arrows.js', () => {
    const wrong = SOURCES.flatMap(importsOf).filter(({ from, to }) => {
      const folders = FOLDERS[String(from.split('/')[1])] ?? [];
      const [own, other] = [folderOf(from), folderOf(to)];
      return own !== '' && other !== '' && folders.indexOf(other) > folders.indexOf(own);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('no files import each other in a circle when the program runs', () => {
    expect(circles(SOURCES.flatMap(importsOf).filter(({ isType }) => !isType))).to.deep.equal([]);
  });

  it('types go in a circle only where the things do: loop, future and task; a protocol and its transport', () => {
    const found = circles(SOURCES.flatMap(importsOf));
    const others = found.filter((circle) => !circle.includes('packages/core/src/event-loop.ts'));
    expect(others).to.deep.equal([
      [
        'packages/net/src/processes/subprocess-protocol.ts',
        'packages/net/src/processes/subprocess-transport.ts',
      ],
      [
        'packages/net/src/transports/datagram-protocol.ts',
        'packages/net/src/transports/protocol.ts',
        'packages/net/src/transports/transport.ts',
      ],
    ]);
    const heart = found.find((circle) => circle.includes('packages/core/src/event-loop.ts')) ?? [];
    const leaves = heart.filter((file) => ['sync', 'queues', 'waiting', 'memory'].includes(folderOf(file)));
    expect(leaves).to.deep.equal([]);
  });

  it('shared words are reached through the seam only', () => {
    const bare = SOURCES.filter((file) => !file.endsWith('/memory/atomics.ts')).filter((file) => {
      const code = read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*|`[^`]*`/g, ''); // messages may name it
      return /\bAtomics\./.test(code);
    });
    expect(bare).to.deep.equal([]);
  });

  it('the umbrella exports every public name of every package', () => {
    const umbrella = new Set([
      ...exportsOf('packages/ringloop/src/index.ts'),
      ...exportsOf('packages/ringloop/src/testing/index.ts'),
    ]);
    const replaced = [
      'SelectorEventLoop', // EventLoop is one
      'RunOptions', // of core's run(); RunnerOptions are those of the umbrella's
    ];
    const missing = PACKAGES.filter((name) => name !== 'ringloop')
      .flatMap((name) => exportsOf(`packages/${name}/src/index.ts`))
      .filter((name) => !umbrella.has(name) && !replaced.includes(name));
    expect(missing).to.deep.equal([]);
  });

  it('every source file has a test of its name, or covered-by.txt says which test covers it', () => {
    const lines = read('test/house/covered-by.txt').split('\n');
    const covered = new Map(
      lines
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => line.split(' ') as [string, string]),
    );
    const ofItsName = (file: string): string =>
      file.replace(/^packages\/(\w+)\/src\//, 'test/$1/').replace(/\.c?ts$/, '.test.ts');
    const hasOwn = (file: string): boolean => existsSync(join(ROOT, ofItsName(file)));
    const needed = SOURCES.filter((file) => !/\/(index|internal)\.ts$/.test(file) && !hasOwn(file));
    expect(needed.filter((file) => !covered.has(file))).to.deep.equal([]);
    expect([...covered.keys()].filter((file) => !needed.includes(file))).to.deep.equal([]); // no line is out of date
    expect([...covered.values()].filter((test) => !existsSync(join(ROOT, test)))).to.deep.equal([]);
  });
});
