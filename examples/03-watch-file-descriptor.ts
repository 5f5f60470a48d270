// prints:
// Received: abc

import { EventLoop, Socket } from 'ringloop';

const [reading, writing] = Socket.socketpair();
const loop = new EventLoop();

function onReadable(): void {
  console.log('Received:', reading.recv(100).toString());
  loop.removeReader(reading);
  loop.stop();
}

loop.addReader(reading, onReadable);

// Plays the network. A method needs its object: `loop.callSoon(writing.send, …)` would call it on the loop.
loop.callSoon(() => writing.send(Buffer.from('abc')));

await loop.runForever();
reading.close();
writing.close();
loop.close();
