import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { getEventLoop, getRunningLoop, LoopStateError } from '@ringloop/core';
import { type Copy, shared, thisCopy } from '@ringloop/core/internal';
import { coreFile } from './core-file.js';

const { pathOf } = (await coreFile('process-registry')) as { pathOf: (url: string | undefined) => string };

interface Registry {
  readonly running: Set<Copy>;
}

describe('core/process-registry', () => {
  it('thisCopy has the version of package.json, and where it is', () => {
    const { version } = JSON.parse(readFileSync(`${thisCopy.path}package.json`, 'utf8')) as {
      version: string;
    };
    expect(thisCopy.version).to.equal(version);
  });

  it('pathOf() says what is wrong in a bundle that has no import.meta.url', () => {
    expect(pathOf('file:///somewhere/dist/file.js')).to.equal('/somewhere/');
    expect(() => pathOf(undefined))
      .to.throw(Error, 'Cannot load ringloop from a bundle in CommonJS')
      .with.property('code', 'ERR_BUNDLED');
  });

  it('shared() makes one for all that ask by a name', () => {
    const name = `a test ${Math.random()}`;
    const one = shared(name, () => ({}));
    expect(shared(name, () => ({}))).to.equal(one);
  });

  it('getRunningLoop() and getEventLoop() tell of a loop that another copy runs', () => {
    const { running } = (globalThis as unknown as Record<symbol, Registry>)[Symbol.for('ringloop.registry')]!;
    const other: Copy = { version: '9.9.9', path: '/other/' };
    running.add(thisCopy); // as while its own loop runs
    running.add(other);
    try {
      for (const ask of [getRunningLoop, getEventLoop]) {
        expect(ask)
          .to.throw(
            LoopStateError,
            `another copy of ringloop: 9.9.9 in /other/, and this is ${thisCopy.version}`,
          )
          .with.property('code', 'ERR_OTHER_COPY');
      }
    } finally {
      running.delete(other);
      running.delete(thisCopy);
    }
    expect(getRunningLoop).to.throw(LoopStateError).with.property('code', 'ERR_NO_RUNNING_LOOP');
  });
});
