import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import { inTermsOf, runProgram } from '../examples/expected-output.js';
import {
  anchors,
  type DocumentedProgram,
  npmScripts,
  programs,
  relativeLinks,
  tableRows,
} from './markdown.js';
import { compile } from './compile.js';

// From build/test/docs.
const ROOT = new URL('../../../', import.meta.url);
const BUILD = new URL('build/docs/', ROOT);

const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const filesIn = (folder: string, extension: string): string[] =>
  readdirSync(new URL(folder, ROOT), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(extension))
    .map((path) => `${folder}${path}`)
    .sort();

/** Arbitrary: more does not fit on a screen. */
const LONGEST_ROW = 200;

const packages = ['core', 'threadsafe', 'executor', 'net', 'ringloop'];
const documents = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...filesIn('docs/', '.md'),
  ...packages.map((name) => `packages/${name}/README.md`),
];

interface Placed {
  readonly program: DocumentedProgram;
  readonly title: string;
  readonly folder: URL;
}

/** Every program of a document in a folder of its own: their files may have the same names. */
function place(document: string): Placed[] {
  return programs(read(document)).map((program, index) => ({
    program,
    title: `${document}, "${program.section}"`,
    folder: new URL(`${document.replace(/\W+/g, '-')}-${index + 1}/`, BUILD),
  }));
}

describe('docs', function () {
  this.slow(20_000); // one run of the compiler, and threads
  const placed = documents.flatMap(place);

  before(() => {
    rmSync(BUILD, { recursive: true, force: true });
    for (const { program, folder } of placed) {
      mkdirSync(folder, { recursive: true });
      for (const [name, text] of program.files) writeFileSync(new URL(name, folder), text);
    }
  });

  it('show programs that compile', () => {
    const files = placed.flatMap(({ program, folder }) =>
      [...program.files.keys()].map((name) => new URL(name, folder)),
    );
    expect(compile(files, new URL('tsconfig.base.json', ROOT))).to.deep.equal([]);
  });

  for (const { program, title, folder } of placed) {
    const { prints } = program;
    if (prints === null) continue;
    it(`${title} prints what it says`, async () => {
      const { code, stdout, stderr } = await runProgram(
        new URL(program.main.replace(/\.ts$/, '.js'), folder),
      );
      expect({ code, stdout: inTermsOf(prints, stdout), stderr }).to.deep.equal({
        code: 0,
        stdout: prints,
        stderr: '',
      });
    });
  }

  for (const document of documents) {
    it(`${document} links to what exists`, () => {
      const broken = relativeLinks(read(document)).filter(({ path, anchor }) => {
        const target = new URL(path, new URL(document, ROOT));
        if (path !== '' && !existsSync(target)) return true;
        return (
          anchor !== '' &&
          !anchors(readFileSync(path === '' ? new URL(document, ROOT) : target, 'utf8')).includes(anchor)
        );
      });
      expect(broken).to.deep.equal([]);
    });

    it(`${document} has no table row that is longer than ${LONGEST_ROW} characters`, () => {
      expect(tableRows(read(document)).filter((row) => row.length > LONGEST_ROW)).to.deep.equal([]);
    });

    it(`${document} mentions npm scripts that exist`, () => {
      const { scripts } = JSON.parse(read('package.json')) as { scripts: object };
      expect(npmScripts(read(document)).filter((name) => !(name in scripts))).to.deep.equal([]);
    });
  }

  it('docs/errors.md lists every code there is, and no other', () => {
    const codes = (text: string): Set<string> => new Set(text.match(/\bERR_[A-Z_]+/g));
    const sources = packages.flatMap((name) => filesIn(`packages/${name}/src/`, '.ts'));
    const used = codes(sources.map(read).join('\n'));
    expect([...codes(read('docs/errors.md'))].sort()).to.deep.equal([...used].sort());
  });

  it('docs/dependencies.md has a reason for every dependency, and no other', () => {
    const manifests = [
      'package.json',
      '.ci/nodes/package.json',
      ...packages.map((name) => `packages/${name}/package.json`),
    ];
    const declared = manifests.flatMap((path) => {
      const {
        dependencies = {},
        optionalDependencies = {},
        devDependencies = {},
      } = JSON.parse(read(path)) as Record<string, object | undefined>;
      return [dependencies, optionalDependencies, devDependencies].flatMap((each) => Object.keys(each));
    });
    const wanted = new Set(declared.filter((name) => !/^(@ringloop\/|ringloop$)/.test(name)));
    const reasons = [...read('docs/dependencies.md').matchAll(/^- `([^`]+)`/gm)].map(([, name]) => name);
    expect(reasons.sort()).to.deep.equal([...wanted].sort());
  });
});
