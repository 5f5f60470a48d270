// Prints the date five times in a second. (… stands for what differs from run to run.)
//
// prints:
// …Z
// …Z
// …Z
// …Z
// …Z

import { EventLoop } from 'ringloop';

const PERIOD = 0.2; // seconds, as all times of the loop

function displayDate(endTime: number, loop: EventLoop): void {
  console.log(new Date().toISOString());
  if (loop.time() + PERIOD < endTime) loop.callLater(PERIOD, displayDate, endTime, loop);
  else loop.stop();
}

const loop = new EventLoop();
loop.callSoon(displayDate, loop.time() + 5 * PERIOD, loop);
await loop.runForever();
loop.close();
