// prints:
// Hello World

import { EventLoop } from 'ringloop';

function helloWorld(loop: EventLoop): void {
  console.log('Hello World');
  loop.stop();
}

const loop = new EventLoop();
loop.callSoon(helloWorld, loop);

// In Python run_forever() blocks. Here it returns a promise, which settles when the loop has stopped.
await loop.runForever();
loop.close();
