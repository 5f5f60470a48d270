// What other threads may call. They import this module, so it does nothing but define.
import { type LoopRef, remote } from 'ringloop';

const words: string[] = [];

export const note = remote(import.meta.url, function note(word: string): void {
  words.push(word);
});

export const notes = remote(import.meta.url, function notes(): string[] {
  return words;
});

export const recall = remote(import.meta.url, function recall(index: number): string {
  const word = words[index];
  if (word === undefined) throw new RangeError(`Cannot recall word ${index} of ${words.length}`);
  return word;
});

export const print = remote(import.meta.url, function print(text: string): void {
  console.log(text);
});

export const tellHowMany = remote(import.meta.url, function tellHowMany(caller: LoopRef): void {
  caller.callSoonThreadsafe(print, `the main loop was told: ${words.length} words`);
});
