// A queue with room for two: who produces faster than others consume has to wait.
//
// prints:
// producer: puts apple
// producer: puts pear
// producer: puts plum
// consumer: gets apple
// producer: puts quince
// consumer: gets pear
// producer: has put everything
// consumer: gets plum
// consumer: gets quince
// all 4 are eaten
// consumer: nothing comes any more

import { Queue, QueueShutDown, run, sleep, TaskGroup } from 'ringloop';

async function produce(queue: Queue<string>): Promise<void> {
  for (const fruit of ['apple', 'pear', 'plum', 'quince']) {
    console.log(`producer: puts ${fruit}`);
    await queue.put(fruit); // waits for room
  }
  console.log('producer: has put everything');
}

async function consume(queue: Queue<string>): Promise<void> {
  for (;;) {
    let fruit: string;
    try {
      fruit = await queue.get(); // waits for an item
    } catch (error) {
      if (!(error instanceof QueueShutDown)) throw error;
      console.log('consumer: nothing comes any more');
      return;
    }
    console.log(`consumer: gets ${fruit}`);
    await sleep(0.01);
    queue.taskDone();
  }
}

await run(async () => {
  await new TaskGroup().run(async (group) => {
    const queue = new Queue<string>(2);
    const producer = group.createTask(() => produce(queue));
    await sleep(0.01); // the queue fills
    group.createTask(() => consume(queue));
    await producer;
    await queue.join(); // until taskDone() was called for each
    console.log('all 4 are eaten');
    queue.shutdown();
  });
});
