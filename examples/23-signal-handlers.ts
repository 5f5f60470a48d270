// asyncio's example "Set signal handlers for SIGINT and SIGTERM".
//
// prints:
// Event loop running forever, press Ctrl+C to interrupt.
// pid …: send SIGINT or SIGTERM to exit.
// got signal SIGTERM: exit

import { EventLoop } from 'ringloop';

const loop = new EventLoop();

function askExit(signame: string): void {
  console.log(`got signal ${signame}: exit`);
  loop.stop();
}

for (const signame of ['SIGINT', 'SIGTERM'] as const) {
  loop.addSignalHandler(signame, askExit, signame);
}

console.log('Event loop running forever, press Ctrl+C to interrupt.');
console.log(`pid ${process.pid}: send SIGINT or SIGTERM to exit.`);

loop.callLater(0.1, () => process.kill(process.pid, 'SIGTERM')); // plays the user

try {
  await loop.runForever();
} finally {
  loop.close();
}
