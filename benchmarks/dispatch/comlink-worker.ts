import { workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';

export interface Sink {
  add(value: number): void;
  echo(value: number): number;
}

const sink: Sink = {
  add: () => undefined,
  echo: (value) => value,
};

// A port of Node's has what Comlink needs of a browser's; only the types differ.
Comlink.expose(sink, workerData as Comlink.Endpoint);
