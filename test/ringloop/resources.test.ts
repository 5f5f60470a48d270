/** What loops of the umbrella package own beside what core and net know: exposed objects, and parts of servers in other loops. */
import { EventLoop, getRunningLoop, LoopGroup, run } from 'ringloop';
import { expect } from 'chai';
import { listed, makeSilent } from './fixtures/owned.js';

describe('ringloop/resources', () => {
  it('resources() lists exposed objects by their names', () => {
    const loop = new EventLoop({ name: 'showing', debug: true });
    const exposure = loop.ref().expose('clock', { now: () => 1 });
    const [clock] = loop.resources();
    expect(clock).to.include({ kind: 'exposed object', name: 'clock' });
    expect(clock?.sourceTraceback?.split('\n')[0]).to.match(/resources\.test/);
    exposure.close();
    expect(loop.resources()).to.deep.equal([]);
    loop.close();
  });

  it('resources() lists, in a loop of a group, its part of a server', () =>
    run(async () => {
      const loop = getRunningLoop();
      await using group = await LoopGroup.spawn({ loops: 1 });
      const ask = async (): Promise<string[]> => group.loop(0).runCoroutineThreadsafe(listed);
      expect(await ask()).to.deep.equal([]);
      const server = await loop.createServer(makeSilent, { host: '127.0.0.1', port: 0, group });
      const parts = await ask();
      expect(parts[0]).to.match(/^server: <Station .* listening=0>$/);
      expect(parts.every((part) => part.startsWith('server: '))).to.equal(true);
      server.close();
      await server.waitClosed();
      expect(await ask()).to.deep.equal([]);
    }));
});
