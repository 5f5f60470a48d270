// Sends as many messages as it is told, and then that it is done.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { PAYLOADS } from '../payload.js';

const there = workerData as MessagePort; // as openPostMessageProducers() sends it
parentPort?.on('message', (calls: number) => {
  for (let i = 0; i < calls; i++) there.postMessage(PAYLOADS.number);
  there.postMessage(null);
});
parentPort?.postMessage('ready');
