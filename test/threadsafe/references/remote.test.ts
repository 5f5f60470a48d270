import { expect } from 'chai';
import { LoopGroup, remote, type RemoteFunction, RemoteFunctionError } from '@ringloop/threadsafe';
import { lookUpRemote, remoteIdOf } from '@ringloop/threadsafe/internal';
import { createLoop, KettleError, note } from '../fixtures/calls.js';
import { inner, makeInner, outer } from '../fixtures/closures.js';
import { rejection } from '../../rejection.js';

const url = 'file:///nowhere/remote.test.js';

/** What `callSoonThreadsafe()` and the like say of a function that is no reference. */
function complaint(fn: unknown): string {
  try {
    remoteIdOf(fn);
  } catch (thrown) {
    expect(thrown).to.be.instanceOf(RemoteFunctionError);
    return (thrown as Error).message;
  }
  throw new Error('it is one');
}

describe('remote()', () => {
  it('leaves the function what it is, and names it by module and name', () => {
    function half(n: number): number {
      return n / 2;
    }
    const reference: RemoteFunction<[n: number], number> = remote(url, half);
    expect(reference).to.equal(half);
    expect(reference(4)).to.equal(2);
    expect(remoteIdOf(reference)).to.deep.equal({ url, name: 'half' });
    expect(lookUpRemote({ url, name: 'half' })).to.equal(half);
  });

  it('takes a name of its own for functions that have none, or several modules in one bundle', () => {
    const a = remote(url, () => 1, { name: 'left.describe' });
    const b = remote(url, (n: number) => n, { name: 'right.describe' });
    expect(lookUpRemote({ url, name: 'left.describe' })).to.equal(a);
    expect(lookUpRemote({ url, name: 'right.describe' })).to.equal(b);
  });

  it('refuses what it cannot name', () => {
    expect(() => remote('./here.js', note)).to.throw(TypeError, "import.meta.url, got './here.js'");
    expect(() => remote(3 as never, note)).to.throw(TypeError, 'import.meta.url, got 3');
    expect(() => remote(url, 'half' as never)).to.throw(TypeError, "fn must be a function, got 'half'");
    expect(() =>
      remote(
        url,
        class Half {
          readonly size = 1;
        } as never,
      ),
    ).to.throw(TypeError, 'fn must be a function, got [class Half]');
    const frozen = Object.freeze(function frozen() {}); // eslint-disable-line @typescript-eslint/no-empty-function -- never called
    expect(() => remote(url, frozen)).to.throw(TypeError, 'fn must be extensible');
    expect(() => remote(url, () => 1, { name: 5 as never })).to.throw(
      TypeError,
      'name must be a string, got 5',
    );
    expect(() => remote(url, () => 1)).to.throw(RemoteFunctionError, 'Cannot name an anonymous function');
    expect(() => remote(url, () => 1, { name: '' })).to.throw(RemoteFunctionError, '{ name }');
  });

  it('refuses a second function of one name, and a second name for one function', () => {
    const first = remote(url, () => 1, { name: 'first' });
    expect(() => remote(url, () => 2, { name: 'first' })).to.throw(
      RemoteFunctionError,
      `Cannot register first twice in ${url}: give one of them another name, as remote(url, …, { name })`,
    );
    expect(() => remote(url, first, { name: 'second' })).to.throw(
      RemoteFunctionError,
      `Cannot register second: it is a reference already, to first of ${url}`,
    );
  });

  it('takes a function again when its module is evaluated again, as test runners do', async () => {
    const evaluate = (): RemoteFunction => remote(url, () => 3, { name: 'again' });
    evaluate();
    expect(evaluate).to.throw(RemoteFunctionError, 'Cannot register again twice'); // in one go they are two functions
    await Promise.resolve();
    const latest = evaluate();
    expect(lookUpRemote(remoteIdOf(latest))).to.equal(latest);
    await Promise.resolve();
    expect(() => remote(url, () => 4, { name: 'again' })).to.throw(
      RemoteFunctionError,
      'Cannot register again twice',
    );
  });

  it('refuses to send a function of code that was given by --eval or on standard input', () => {
    for (const name of ['[eval]', '[eval1]', '[stdin]', '%5Beval%5D', '[worker eval]']) {
      const fn = remote(`file:///here/${name}`, () => 1, { name: 'own' });
      expect(() => remoteIdOf(fn)).to.throw(RemoteFunctionError, 'Put it into a file');
    }
    const fn = remote('file:///here/[id].js', () => 1, { name: 'own' }); // a file may have such a name
    expect(remoteIdOf(fn).name).to.equal('own');
  });

  it('is asked for in the error of a call with a function that was not registered', () => {
    const wrapIt =
      /at the top level of its module in remote\(import\.meta\.url, …\), or make a reference .* remoteModule\(\)/;
    const closure = (): unknown => closure;
    expect(complaint(closure))
      .to.match(/^Cannot send arrow function closure to another thread: wrap it/)
      .and.match(wrapIt);
    expect(complaint((x: unknown) => x)).to.include('arrow function (anonymous)');
    expect(complaint(async () => Promise.resolve())).to.include('arrow function (anonymous)');
    expect(complaint(complaint))
      .to.match(/^Cannot send function complaint /)
      .and.match(wrapIt);
    expect(complaint(wrapIt.test.bind(wrapIt))).to.equal(
      'Cannot send bound function test to another thread: what it is bound to cannot go along. ' +
        'Make a reference to the function itself, and send the rest as arguments',
    );
    expect(complaint(Math.max)).to.include(
      'native function max to another thread: call it from a function of a module',
    );
    expect(complaint(KettleError)).to.include(
      'class KettleError to another thread: write a function that makes',
    );
    expect(complaint('text')).to.equal(
      "Cannot send 'text' to another thread: a reference is needed, made by remote() or remoteModule()",
    );
  });

  describe('in the called thread', () => {
    let group: LoopGroup;
    before(async () => {
      group = await LoopGroup.spawn({ loops: 1, loopFactory: createLoop });
    });
    after(() => group.close());

    it('is found under the name it was given', async () => {
      expect(await group.next().runCoroutineThreadsafe(outer)).to.equal(3);
    });

    it('is not found when it was called within a function, though something of that name is exported', async () => {
      const error = await rejection(group.next().runCoroutineThreadsafe(makeInner()));
      expect(inner()).to.equal(2);
      expect(error).to.be.instanceOf(RemoteFunctionError);
      expect(error.message).to.match(
        /^Cannot find inner: file:.*closures\.js makes no remote function of that name when imported\. Call remote\(\) at the top level of the module, not in a function\. It makes outer\.most$/,
      );
    });

    it('is not found in a module that makes none', async () => {
      const elsewhere = remote(new URL('../fixtures/math.js', import.meta.url).href, () => 1, {
        name: 'elsewhere',
      });
      const error = await rejection(group.next().runCoroutineThreadsafe(elsewhere));
      expect(error.message).to.match(/It makes none$/);
    });
  });
});
