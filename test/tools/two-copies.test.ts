import { expect } from 'chai';
import { Project } from './project.js';

/** A door to each copy, and a module that uses it. */
const door = `export * from 'ringloop';\n`;
const jobs = (name: string): string => `
import { getRunningLoop, LoopRef, remote } from 'ringloop';
export const ${name} = remote(import.meta.url, function ${name}(x) {
  let where;
  try { where = getRunningLoop().ref().name; } catch (error) { where = error.code; }
  return [x instanceof LoopRef ? 'a LoopRef' : x, where].join(' ');
});
`;

const PRELUDE = `
import * as A from './a/door.js';
import * as B from './b/door.js';
import { ofA } from './a/jobs.js';
import { ofB } from './b/jobs.js';
async function tell(what, body) {
  let outcome;
  try { outcome = await body(); } catch (error) { outcome = \`\${error.code}: \${error.message}\`; }
  console.log(what + ': ' + outcome);
}
`;

describe('two copies of ringloop in one process', function () {
  this.slow(20_000); // starts a process and several threads
  this.timeout(60_000);

  let project: Project;

  before(async () => {
    project = await Project.make('module', {
      'a/door.js': door,
      'a/jobs.js': jobs('ofA'),
      'b/door.js': door,
      'b/jobs.js': jobs('ofB'),
    });
    await project.install('a');
    await project.install('b');
  });

  after(() => project.remove());

  async function lines(program: string): Promise<string[]> {
    await project.write({ 'main.js': PRELUDE + program });
    const { code, stdout, stderr } = await project.node(['main.js']);
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    return stdout.trimEnd().split('\n');
  }

  it('run their loops one after the other, and one within the other', async () => {
    const printed = await lines(`
      await tell('A', () => A.run(async () => { await A.sleep(0.01); return 'ran'; }));
      await tell('B', () => B.run(async () => { await B.sleep(0.01); return 'ran'; }));
      await tell('B in A', () => A.run(() => B.run(async () => { await B.sleep(0.01); return 'ran'; })));
      await tell('no loop', () => B.sleep(0));`);
    expect(printed).to.deep.equal([
      'A: ran',
      'B: ran',
      'B in A: ran',
      'no loop: ERR_NO_RUNNING_LOOP: no running event loop',
    ]);
  });

  it('say whose loop runs where one is asked for the loop of the other, with versions and paths', async () => {
    const printed = await lines(`
      await A.run(async () => {
        await tell('getRunningLoop()', () => B.getRunningLoop());
        await tell('sleep()', () => B.sleep(0));
        await tell('get()', () => new B.Queue().get());
        await tell('getEventLoop()', () => B.getEventLoop());
      });`);
    const copies =
      `a loop runs in this thread, but of another copy of ringloop: 0.1.0 in ${project.folder}/a/node_modules/@ringloop/core/, ` +
      `and this is 0.1.0 in ${project.folder}/b/node_modules/@ringloop/core/. Have it installed once, see "npm ls @ringloop/core"`;
    expect(printed).to.deep.equal([
      `getRunningLoop(): ERR_OTHER_COPY: no running event loop: ${copies}`,
      `sleep(): ERR_OTHER_COPY: no running event loop: ${copies}`,
      `get(): ERR_OTHER_COPY: no running event loop: ${copies}`,
      `getEventLoop(): ERR_OTHER_COPY: There is no current event loop: ${copies}`,
    ]);
  });

  it('call functions that the other has registered, and send each other their objects', async () => {
    const printed = await lines(`
      await A.run(async () => {
        const group = await A.LoopGroup.spawn({ loops: 1 });
        const ref = group.next();
        const refOfB = B.LoopRef.fromWire(ref.toWire());
        await tell('of A', () => ref.runCoroutineThreadsafe(ofA, 1));
        await tell('of B', () => ref.runCoroutineThreadsafe(ofB, 1));
        await tell('executor', () => A.getRunningLoop().runInExecutor(null, ofB, 1));
        await tell('LoopRef of B', () => ref.runCoroutineThreadsafe(ofA, refOfB));
        const queue = new B.SharedQueue(3);
        await tell('SharedQueue of B', () => ref.runCoroutineThreadsafe(A.remoteModule('node:util').inspect, queue));
        await group.close();
      });`);
    expect(printed).to.deep.equal([
      'of A: 1 loop-0',
      'of B: 1 ERR_OTHER_COPY',
      'executor: 1 ERR_NO_RUNNING_LOOP',
      'LoopRef of B: a LoopRef loop-0',
      'SharedQueue of B: <SharedQueue maxsize=3 qsize=0>',
    ]);
  });

  it('have a group each, at the same time', async () => {
    const printed = await lines(`
      await A.run(async () => {
        const [a, b] = [await A.LoopGroup.spawn({ loops: 1 }), await B.LoopGroup.spawn({ loops: 1 })];
        await tell('A', () => a.next().runCoroutineThreadsafe(ofA, 1));
        await tell('B', () => b.next().runCoroutineThreadsafe(ofB, 2));
        await Promise.all([a.close(), b.close()]);
      });`);
    expect(printed).to.deep.equal(['A: 1 loop-0', 'B: 2 loop-0']);
  });

  it('refuse to call into one loop from one thread', async () => {
    const printed = await lines(`
      await A.run(async () => {
        const group = await A.LoopGroup.spawn({ loops: 1 });
        const ref = group.next();
        await tell('A', () => ref.runCoroutineThreadsafe(ofA, 1));
        await tell('B', () => B.LoopRef.fromWire(ref.toWire()).runCoroutineThreadsafe(ofA, 2));
        await tell('A again', () => ref.runCoroutineThreadsafe(ofA, 3));
        await group.close();
      });`);
    expect(printed).to.deep.equal([
      'A: 1 loop-0',
      'B: ERR_OTHER_COPY: Cannot call into loop "loop-0": another copy of ringloop calls into it from this thread, and this is ' +
        `0.1.0 in ${project.folder}/b/node_modules/@ringloop/core/. Have it installed once, see "npm ls @ringloop/core"`,
      'A again: 3 loop-0',
    ]);
  });
});
