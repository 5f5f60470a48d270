// prints:
// soup: on the stove
// roast: in the oven
// soup: ready
// salad: cannot find the cucumber
// roast: taken out again
// no dinner: No cucumber
// the soup was ready all the same: soup

import { ExceptionGroup, run, sleep, type Task, TaskGroup } from 'ringloop';

async function soup(): Promise<string> {
  console.log('soup: on the stove');
  await sleep(0.01);
  console.log('soup: ready');
  return 'soup';
}

async function roast(): Promise<string> {
  console.log('roast: in the oven');
  try {
    await sleep(3600);
    return 'roast';
  } finally {
    console.log('roast: taken out again'); // cancelled, because the salad has failed
  }
}

async function salad(): Promise<string> {
  await sleep(0.02);
  console.log('salad: cannot find the cucumber');
  throw new Error('No cucumber');
}

await run(async () => {
  const ready: Task<string>[] = [];
  try {
    // Not left before all tasks of the group are done, in whichever way.
    await new TaskGroup().run(async (dinner) => {
      ready.push(dinner.createTask(soup));
      dinner.createTask(roast);
      dinner.createTask(salad);
      await sleep(3600); // cancelled, too
    });
  } catch (error) {
    if (!(error instanceof ExceptionGroup)) throw error;
    console.log(`no dinner: ${error.errors.map(({ message }) => message).join(', ')}`);
  }
  for (const task of ready) console.log(`the soup was ready all the same: ${task.result()}`);
});
