import { workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';

export interface Echo {
  echo(value: unknown): number;
}

const there: Echo = { echo: () => 1 };

// A port of Node's has what Comlink needs of a browser's; only the types differ.
Comlink.expose(there, workerData as Comlink.Endpoint);
