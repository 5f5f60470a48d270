/** The log of a schedule in words: one line a step, then where each thread stands. */
import * as c from './control.js';

/** Names of words in traces, by their index in the buffer; a function also gets the buffer's name. */
export type WordNames =
  Readonly<Record<number, string>> | ((index: number, buffer: string) => string | undefined);

const SHOWN = 60; // arbitrary: lines shown at each end of a long trace

export interface TraceNames {
  readonly threads: readonly string[];
  readonly buffers: readonly string[];
  readonly words: WordNames;
}

const STATE_WORDS: Record<number, string> = {
  [c.State.ready]: 'ready',
  [c.State.asleep]: 'asleep',
  [c.State.finished]: 'finished',
  [c.State.failed]: 'failed',
  [c.State.killed]: 'killed',
};

export function describeState(control: Int32Array, thread: number): string {
  const at = c.threadAt(thread);
  const state = control[at + c.STATE]!;
  return state === c.State.ready && control[at + c.STARTED] === 0 ? 'not started' : STATE_WORDS[state]!;
}

export function describeSchedule(control: Int32Array, names: TraceNames): string {
  const lines: string[] = [];
  for (let step = 0; step < control[c.STEPS]!; step++) {
    if (step === control[c.KILLED_AT]) lines.push(killed(control, names));
    const row = c.rowAt(step);
    lines.push(`${names.threads[control[row + c.ROW_THREAD]!]!}: ${describeStep(control, row, names)}`);
  }
  if (control[c.KILLED_AT] === control[c.STEPS]) lines.push(killed(control, names));
  const numbered = lines.map((line, i) => `${String(i).padStart(4)}  ${line}`);
  const ends = names.threads.map((name, thread) => {
    const state = describeState(control, thread);
    const waiter = control[c.threadAt(thread) + c.SLEEPS_ON]!;
    return `${name}: ${state === 'asleep' ? `asleep on ${wordName(control[c.waiterAt(waiter)]!, names)}` : state}`;
  });
  // Only a thread that spins gets this long, and then the beginning and the end tell.
  if (numbered.length > 2 * SHOWN) numbered.splice(SHOWN, numbered.length - 2 * SHOWN, '   …');
  return [...numbered, ...ends.map((line) => `   =  ${line}`)].join('\n');
}

function killed(control: Int32Array, names: TraceNames): string {
  return `${names.threads[control[c.VICTIM]!]!}: killed`;
}

function describeStep(control: Int32Array, row: number, names: TraceNames): string {
  const kind = c.STEP_KINDS[control[row + c.ROW_OPERATION]!]!;
  const word = wordName(control[row + c.ROW_WORD]!, names);
  const first = control[row + c.ROW_FIRST]!;
  const second = control[row + c.ROW_SECOND]!;
  const result = control[row + c.ROW_RESULT]!;
  switch (kind) {
    case 'nothing':
      return 'no operation';
    case 'plain code':
      return kind;
    case 'load':
      return `load(${word}) → ${result}`;
    case 'store':
      return `store(${word}, ${first})`;
    case 'cas':
      return `cas(${word}, ${first} → ${second}) → ${result}${result === first ? '' : ', failed'}`;
    case 'notify':
      return `notify(${word}, ${first === -1 ? 'all' : first}) → ${result === 0 ? 'nobody waits' : `${result} woken`}`;
    case 'waitAsync':
    case 'wait':
      return `${kind}(${word}, ${first}) → ${result === first ? 'waiting' : `not equal, is ${result}`}`;
    case 'sleep':
    case 'timed sleep':
      return result === 0 ? `woken by notify(${word})` : `wait(${word}) timed out`;
    default:
      return `${kind}(${word}, ${first}) → ${result}`;
  }
}

function wordName(word: number, { buffers, words }: TraceNames): string {
  if (word === c.NOBODY) return 'no word';
  const [buffer, index] = c.unpackWord(word);
  const bufferName = buffers[buffer]!;
  const name = typeof words === 'function' ? words(index, bufferName) : words[index];
  return name ?? `${bufferName}[${index}]`;
}
