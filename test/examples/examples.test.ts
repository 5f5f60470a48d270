import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { inTermsOf, runProgram } from './expected-output.js';

// From build/test/examples: the sources say what is printed, the compiled files are run.
const SOURCES = new URL('../../../examples/', import.meta.url);
const PROGRAMS = new URL('../../examples/', import.meta.url);

const examples = readdirSync(SOURCES)
  .filter((name) => /^\d\d-.*\.ts$/.test(name))
  .sort();

/** The comment at the top of an example, from `// prints:` on. */
function promised(source: string): string {
  const lines = source.split('\n');
  const begin = lines.indexOf('// prints:') + 1;
  const end = lines.findIndex((line, index) => index >= begin && !line.startsWith('//'));
  if (begin === 0 || end === begin) throw new Error('The example does not say what it prints');
  return lines
    .slice(begin, end)
    .map((line) => `${line.replace(/^\/\/ ?/, '')}\n`)
    .join('');
}

describe('examples', function () {
  this.slow(2000); // each is a process, some start threads

  it('are numbered without gaps', () => {
    const numbers = examples.map((name) => Number(name.slice(0, 2)));
    expect(numbers).to.deep.equal(examples.map((_, index) => index + 1));
  });

  for (const name of examples) {
    it(`${name} prints what its first lines say`, async () => {
      const expected = promised(readFileSync(new URL(name, SOURCES), 'utf8'));
      const { code, stdout, stderr } = await runProgram(new URL(name.replace(/\.ts$/, '.js'), PROGRAMS));
      expect({ code, stdout: inTermsOf(expected, stdout), stderr }).to.deep.equal({
        code: 0,
        stdout: expected,
        stderr: '',
      });
    });
  }
});
