// What the threads of the ringloop peers call in each other.
import { type LoopRef, remote } from 'ringloop';
import { PAYLOADS } from '../payload.js';
import { NextAnswer } from './next-answer.js';

export const answers = new NextAnswer<number>();

let back: LoopRef | null = null;
let count = 0;
/** Producers of this flood that have not finished. */
let producing = 0;

/** Whom to answer: sent once, since it does not change. */
export const introduce = remote(import.meta.url, function introduce(ref: LoopRef): void {
  back = ref;
});

/** A flood begins. */
export const expect = remote(import.meta.url, function expect(producers: number): void {
  producing = producers;
});

export const sink = remote(import.meta.url, function sink(payload: unknown): void {
  if (payload !== null) count++; // what count-worker.ts asks, too
});

/** Runs behind the calls that its producer made before; the last one answers. */
export const finish = remote(import.meta.url, function finish(): void {
  if (--producing > 0) return;
  back?.callSoonThreadsafe(answer, count);
  count = 0;
});

export const echo = remote(import.meta.url, function echo(value: number): void {
  back?.callSoonThreadsafe(answer, value);
});

export const answer = remote(import.meta.url, function answer(value: number): void {
  answers.arrive(value);
});

/** In a producer's own thread. */
export const produce = remote(import.meta.url, function produce(there: LoopRef, calls: number): void {
  for (let i = 0; i < calls; i++) there.callSoonThreadsafe(sink, PAYLOADS.number);
  there.callSoonThreadsafe(finish);
});

export const plainEcho = remote(import.meta.url, function plainEcho(value: number): number {
  return value;
});

export const asyncEcho = remote(import.meta.url, async function asyncEcho(value: number): Promise<number> {
  return value;
});

export const generatorEcho = remote(
  import.meta.url,
  // eslint-disable-next-line require-yield -- as short as the others
  function* generatorEcho(value: number): Generator<unknown, number> {
    return value;
  },
);
