import { AI_CANONNAME, EventLoop, ResolutionError } from 'ringloop';
import { expect } from 'chai';
import { createGate, entered, openGate } from '../executor/fixtures/gate.js';
import { block } from '../executor/fixtures/jobs.js';
import { rejection } from '../rejection.js';

describe('ringloop: names', () => {
  it('EventLoop.getaddrinfo() and getnameinfo() do not wait for jobs of the executor', async () => {
    const loop = new EventLoop();
    const gate = createGate();
    try {
      await loop.runUntilComplete(async () => {
        const jobs = Array.from({ length: 8 }, () => loop.runInExecutor(null, block, gate));
        await entered(gate);
        const [info] = await loop.getaddrinfo('localhost', 80, { flags: AI_CANONNAME });
        expect(info?.canonname).to.equal('localhost');
        expect((await loop.getaddrinfo('localhost', 80)).length).to.be.greaterThan(0);
        expect((await loop.getnameinfo({ host: '127.0.0.1', port: 80 }))[0]).to.equal('localhost');
        openGate(gate);
        await Promise.all(jobs);
        await loop.shutdownDefaultExecutor();
      });
    } finally {
      loop.close();
    }
  });

  it('EventLoop.createConnection() rejects with a ResolutionError for a name without an address', async () => {
    const loop = new EventLoop();
    try {
      const call = loop.createConnection(() => ({}), { host: '', port: 80 });
      const error = await rejection(loop.runUntilComplete(call));
      expect(error).to.be.instanceOf(ResolutionError);
      expect(error).to.include({ code: 'EAI_NONAME', syscall: 'getaddrinfo' });
    } finally {
      loop.close();
    }
  });
});
