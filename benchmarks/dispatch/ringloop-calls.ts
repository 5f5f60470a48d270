// What the ringloop peer's two threads call in each other.
import { type LoopRef, remote } from 'ringloop';

let back: LoopRef | null = null;
let sum = 0;

/** Whom to answer: sent once, since it does not change. */
export const introduce = remote(import.meta.url, function introduce(ref: LoopRef): void {
  back = ref;
});

export const sink = remote(import.meta.url, function sink(value: number): void {
  sum += value;
});

/** Runs behind the calls to `sink` made before it. */
export const total = remote(import.meta.url, function total(): void {
  back?.callSoonThreadsafe(answer, sum);
  sum = 0;
});

export const echo = remote(import.meta.url, function echo(value: number): void {
  back?.callSoonThreadsafe(answer, value);
});

let waiting: ((value: number) => void) | null = null;

export const answer = remote(import.meta.url, function answer(value: number): void {
  waiting?.(value);
});

/** The next answer; only one is waited for at a time. */
export function nextAnswer(): Promise<number> {
  return new Promise((resolve) => {
    waiting = resolve;
  });
}
