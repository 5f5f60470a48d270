// A service of many loops is asked to end by SIGTERM while clients wait for answers: it accepts no more, sends every answer that it has
// begun, and ends. SIGHUP is handled in each of its loops.
//
// prints:
// got signal SIGTERM
// every request was answered in full: true
// loops that have reloaded at SIGHUP: 3

import { run } from 'ringloop';
import { serve } from './24-graceful-shutdown/service.js';

/** Plays a client. Returns how many whole answers it got until the service was gone. */
async function ask(port: number, onAnswer: () => void): Promise<number> {
  for (let answered = 0; ; answered++) {
    try {
      const response = await fetch(`http://127.0.0.1:${port}/${answered}`, {
        headers: { connection: 'close' },
      });
      const text = await response.text();
      if (!/^Hello from web-\d at \/\d+\n$/.test(text)) throw new Error(`Cut off: ${text}`);
    } catch (error) {
      if (error instanceof TypeError && error.message === 'fetch failed') return answered; // nobody listens any more
      throw error;
    }
    onAnswer();
  }
}

await run(async () => {
  let clients: Promise<number[]> = Promise.resolve([]);
  let answered = 0;
  const onAnswer = (): void => {
    answered++;
    if (answered === 50) process.kill(process.pid, 'SIGHUP');
    if (answered === 100) process.kill(process.pid, 'SIGTERM'); // as systemd, Docker or Kubernetes do
  };
  const { signal, requests, reloads } = await serve(3, (port) => {
    clients = Promise.all(Array.from({ length: 20 }, () => ask(port, onAnswer)));
  });
  const answers = (await clients).reduce((sum, each) => sum + each, 0);
  console.log(`got signal ${signal}`);
  console.log(`every request was answered in full: ${answers === requests}`);
  console.log(`loops that have reloaded at SIGHUP: ${reloads}`);
});
