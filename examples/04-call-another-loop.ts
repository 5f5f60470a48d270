// prints:
// loop-0 knows: tea, milk
// the main loop was told: 2 words
// loop-1 has heard nothing
// loop-1 refuses: Cannot recall word 3 of 0

import { getRunningLoop, LoopGroup, run } from 'ringloop';
import { note, notes, recall, tellHowMany } from './04-call-another-loop/notes.js';

await run(async () => {
  await using group = await LoopGroup.spawn({ loops: 2 });
  const first = group.next();
  const second = group.next();

  // Fire and forget. Calls of one thread into one loop run in the order made.
  first.callSoonThreadsafe(note, 'tea');
  first.callSoonThreadsafe(note, 'milk');

  // Run as a task over there, and wait for its result here.
  console.log(`${first.name} knows: ${(await first.runCoroutineThreadsafe(notes)).join(', ')}`);

  // A loop is an argument like any other: the called function calls back.
  await first.runCoroutineThreadsafe(tellHowMany, getRunningLoop().ref());

  // Module state belongs to a thread: the other loop has its own.
  const heard = await second.runCoroutineThreadsafe(notes);
  console.log(`${second.name} has heard ${heard.length === 0 ? 'nothing' : heard.join(', ')}`);

  // Errors cross threads with their class.
  try {
    await second.runCoroutineThreadsafe(recall, 3);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.log(`${second.name} refuses: ${error.message}`);
  }
});
