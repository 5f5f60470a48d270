import { expect } from 'chai';
import { RemoteFunctionError, remoteModule } from '@ringloop/threadsafe';
import { checkPreload, importAll } from '@ringloop/threadsafe/internal';
import { note } from '../fixtures/calls.js';

const here = (path: string): string => new URL(path, import.meta.url).href;

describe('checkPreload()', () => {
  it('gives the URL of each module once, in order', () => {
    const math = remoteModule<typeof import('../fixtures/math.js')>('../fixtures/math.js', import.meta.url);
    const list = [new URL('file:///b.js'), note, 'node:fs', math.add, 'file:///b.js', math.vector.add];
    expect(checkPreload(list)).to.deep.equal([
      'file:///b.js',
      here('../fixtures/calls.js'),
      'node:fs',
      here('../fixtures/math.js'),
    ]);
    expect(checkPreload([])).to.deep.equal([]);
  });

  it('refuses what is no absolute URL, and says how to make one', () => {
    const refused: [unknown, string][] = [
      ['./math.js', "preload[1] is relative, got './math.js': resolve it against import.meta.url"],
      [
        'lodash',
        "preload[1] must be an absolute URL or begin with ./, ../ or /, got 'lodash': resolve it first, with import.meta.resolve()",
      ],
      ['C:\\math.js', 'or pathToFileURL() for a path'],
      [7, 'preload[1] must be an absolute URL or a remote function, got 7'],
      [() => 1, 'preload[1] must be an absolute URL or a remote function, got [Function (anonymous)]'],
    ];
    for (const [entry, message] of refused) {
      expect(() => checkPreload(['node:fs', entry as never]))
        .to.throw(TypeError, message)
        .with.property('code', 'ERR_INVALID_ARG_TYPE');
    }
    expect(() => checkPreload('node:fs' as never)).to.throw(
      TypeError,
      "preload must be an array, got 'node:fs'",
    );
  });
});

describe('importAll()', () => {
  it('rejects with the error of the module that fails, and imports none behind it', async () => {
    const urls = ['node:fs', here('../fixtures/throws-at-import.js'), 'file:///not-reached.js'];
    const error = await importAll(urls).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(RemoteFunctionError);
    expect(error)
      .to.have.property('message')
      .that.match(/^Cannot preload: importing file:.*throws-at-import\.js failed/);
    expect(error)
      .to.have.property('cause')
      .that.is.instanceOf(RangeError)
      .with.property('message', 'no licence');
  });
});
