import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';

// From build/test/conformance.
const ROOT = new URL('../../../', import.meta.url);
const pathOf = (url: string): string => fileURLToPath(new URL(url, ROOT));

/** A title begins with the names of its cases: `Suite.test_one, test_two, OtherSuite.test_three: …`. */
const TITLE = /^((?:(?:(?:uvloop )?\w+\.)?test_\w+(?:, )?)+|ran [\w-]+|seed-stop \w+): /;

interface Planned {
  readonly title: string;
  readonly fullTitle: string;
  readonly file: string;
}

/** What mocha would run, in a process of its own. */
async function planned(): Promise<Planned[]> {
  const args = [
    '--dry-run',
    '--reporter',
    'json',
    '--ignore',
    pathOf('build/test/conformance/table.test.js'),
  ];
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [pathOf('node_modules/mocha/bin/mocha.js'), ...args, pathOf('build/test/conformance/*.test.js')],
    { cwd: pathOf('.'), maxBuffer: 2 ** 26 },
  );
  return (JSON.parse(stdout) as { tests: Planned[] }).tests; // the reporter's format
}

function namesIn(title: string): string[] {
  const [, list = ''] = TITLE.exec(title) ?? [];
  let suite = '';
  return list.split(', ').map((name) => {
    const dot = name.indexOf('.');
    if (dot < 0) return `${suite}${name}`; // of the suite of the name before it
    suite = name.slice(0, dot + 1);
    return name;
  });
}

/** The rows of the tables: each case with the test files that it names. */
function rowsOf(table: string): [name: string, where: string[]][] {
  return [...table.matchAll(/^\| `([^`]+)`(.*)$/gm)].map(([, name, rest]) => [
    String(name),
    [...String(rest).matchAll(/\(([\w-]+\.test\.ts)\)/g)].map(([, file]) => String(file)),
  ]);
}

describe('conformance/table', function () {
  this.slow(10_000); // a process that loads all files
  const table = readFileSync(new URL('test/conformance/README.md', ROOT), 'utf8');
  const rows = rowsOf(table);
  const named = new Set(rows.flatMap(([name, where]) => where.map((file) => `${name} in ${file}`)));
  let tests: Planned[];
  let tested: Set<string>;

  before(async () => {
    tests = await planned();
    tested = new Set(
      tests.flatMap(({ title, file }) =>
        namesIn(title).map((name) => `${name} in ${basename(file, '.js')}.ts`),
      ),
    );
  });

  it('names each case once', () => {
    const names = rows.map(([name]) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).to.deep.equal([]);
    expect(names.length).to.be.above(300); // it has been read
  });

  it('can be compared, for every title begins with the name of a case', () => {
    const nameless = tests.filter(({ title }) => !TITLE.test(title)).map(({ fullTitle }) => fullTitle);
    expect(nameless).to.deep.equal([]);
  });

  it('names no test that does not exist', () => {
    expect([...named].filter((each) => !tested.has(each))).to.deep.equal([]);
  });

  it('names every test that exists', () => {
    expect([...tested].filter((each) => !named.has(each))).to.deep.equal([]);
  });

  it('says of every case where its test is, or why there is none', () => {
    const states = /^\|.*\|\s*(?:ported|differs|impossible|elsewhere|not yet)\s*\|\s*\S.*\|$/;
    const mute = table.split('\n').filter((line) => line.startsWith('| `') && !states.test(line));
    expect(mute).to.deep.equal([]);
  });

  it('tells where a case is tested elsewhere: the file names it, or has the words that are quoted', () => {
    const missing: string[] = [];
    let count = 0;
    for (const [, suite = '', where = ''] of table.matchAll(
      /^\| `([^`]+)`[^|]*\|[^|]*\|\s*elsewhere\s*\|(.*)\|$/gm,
    )) {
      const files = [...where.matchAll(/test\/[\w/-]+\.test\.ts/g)].map(([file]) => pathOf(file));
      const sources = files.filter((file) => existsSync(file)).map((file) => readFileSync(file, 'utf8'));
      const [, quoted] = /"(.*)"/.exec(where) ?? [];
      const name = (suite.split('.').at(-1) ?? suite).replace('test_', '');
      const isThere = sources.some((source) =>
        quoted === undefined ? new RegExp(`\\b(test_)?${name}\\b`).test(source) : source.includes(quoted),
      );
      if (!isThere || sources.length < files.length) missing.push(suite);
      count++;
    }
    expect(missing).to.deep.equal([]);
    expect(count).to.be.above(50); // it has been read
  });
});
