import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

// From build/test/conformance: the sources are read, for they tell which file has which case.
const FOLDER = new URL('../../../test/conformance/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');

const files = readdirSync(FOLDER).filter((name) => name.endsWith('.test.ts') && name !== 'table.test.ts');

/** What a title begins with: the Python name, or the name of something that was found out by running CPython. */
const CASE = /(?:(?:uvloop )?\w+\.test_\w+|ran [\w-]+|seed-stop)/;

/** The cases that a source has tests for, titles that are put together from a class and a list of names included. */
function casesIn(source: string): Set<string> {
  const cases = new Set(
    [...source.matchAll(/['"`](ran [\w-]+|seed-stop)\b/g)].map(([, name]) => String(name)),
  );
  for (const [, suite, names] of source.matchAll(/['"`]((?:uvloop )?\w+)\.(test_\w+(?:, test_\w+)*)/g)) {
    for (const name of String(names).split(', ')) cases.add(`${String(suite)}.${name}`);
  }
  for (const [, suite] of source.matchAll(/`((?:uvloop )?\w+)\.\$\{/g)) {
    for (const [, name] of source.matchAll(/['"`](test_\w+)['"`]/g))
      cases.add(`${String(suite)}.${String(name)}`);
  }
  return cases;
}

/** The rows of the tables: each case with the test files that it names. */
function rowsOf(table: string): [name: string, where: string[]][] {
  return [...table.matchAll(/^\| `([^`]+)`(.*)$/gm)].map(([, name, rest]) => [
    String(name),
    [...String(rest).matchAll(/\(([\w-]+\.test\.ts)\)/g)].map(([, file]) => String(file)),
  ]);
}

describe('conformance/table', () => {
  const rows = rowsOf(read('README.md'));
  const tested = files.flatMap((file) => [...casesIn(read(file))].map((name) => `${name} in ${file}`));

  it('names each case once', () => {
    const names = rows.map(([name]) => name);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).to.deep.equal([]);
    expect(names.length).to.be.above(300); // it has been read
  });

  it('names no test that does not exist', () => {
    const named = rows.flatMap(([name, where]) => where.map((file) => `${name} in ${file}`));
    expect(named.filter((each) => !tested.includes(each))).to.deep.equal([]);
  });

  it('names every test that exists', () => {
    const named = new Set(rows.flatMap(([name, where]) => where.map((file) => `${name} in ${file}`)));
    expect(tested.filter((each) => !named.has(each))).to.deep.equal([]);
  });

  it('says of every case where its test is, or why there is none', () => {
    const mute = [
      ...read('README.md').matchAll(/^\|.*\|\s*(?:ported|differs|impossible|elsewhere|not yet)\s*\|\s*\|$/gm),
    ];
    expect(mute.map(([row]) => row)).to.deep.equal([]);
  });

  it('can find the cases, for every title begins with one', () => {
    const other = files.flatMap((file) =>
      [...read(file).matchAll(/\bit\w*\(\s*(?:'([^']*)|"([^"]*)|`([^`]*))/g)]
        .map(([, single, double, template]) => single ?? double ?? template ?? '')
        .filter(
          (title) =>
            !title.startsWith('${') &&
            !new RegExp(`^(?:${CASE.source}|(?:uvloop )?\\w+\\.\\$\\{)`).test(title),
        )
        .map((title) => `${file}: ${title}`),
    );
    expect(other).to.deep.equal([]);
  });
});
