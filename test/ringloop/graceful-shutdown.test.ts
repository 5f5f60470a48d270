/** The worked example of docs/signals.md under load from another process: SIGTERM comes from outside, and no answer is lost. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const SERVICE = fileURLToPath(new URL('./fixtures/graceful-service.js', import.meta.url));
const CLIENTS = 40;

type Outcome = 'answered' | 'not begun' | 'cut off';

/** Asks once. 'not begun': nothing of an answer has come. */
function ask(port: number, path: string, agent: Agent): Promise<Outcome> {
  return new Promise((resolve) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve(/^Hello from web-\d at \S+\n$/.test(text) ? 'answered' : 'cut off'));
      response.on('error', () => resolve('cut off'));
    });
    request.on('error', () => resolve('not begun')); // refused, or an idle connection that was just closed
  });
}

describe('ringloop/graceful-shutdown', function () {
  this.slow(6000);

  for (const keepAlive of [false, true]) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      it(`a service of three loops loses no answer at ${signal}, ${keepAlive ? 'with' : 'without'} keep-alive`, async () => {
        const { RINGLOOP_NODE: node = process.execPath } = process.env;
        const child = spawn(node, [SERVICE], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 25_000 });
        const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>;
        let stderr = '';
        child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
        const { port } = JSON.parse(String((await lines.next()).value)) as { port: number };

        const agent = new Agent({ keepAlive });
        const counts: Record<Outcome, number> = { answered: 0, 'not begun': 0, 'cut off': 0 };
        const client = async (name: number): Promise<void> => {
          for (let refused = 0; refused < 3;) {
            const outcome = await ask(port, `/${name}`, agent);
            counts[outcome]++;
            if (outcome !== 'answered') refused++;
            else if (counts.answered === 5 * CLIENTS) child.kill(signal);
          }
        };
        await Promise.all(Array.from({ length: CLIENTS }, (_, name) => client(name)));
        agent.destroy();

        const served = JSON.parse(String((await lines.next()).value)) as { signal: string; requests: number };
        expect(counts['cut off']).to.equal(0);
        expect(counts.answered).to.be.at.least(5 * CLIENTS);
        expect(served).to.include({ signal, requests: counts.answered });
        expect([await closed, stderr]).to.deep.equal([[0, null], '']);
      });
    }
  }
});
