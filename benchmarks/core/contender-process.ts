import { fileURLToPath } from 'node:url';
import { ContenderProcess } from '../harness/contender-process.js';
import type { Python } from '../harness/python.js';
import type { Question } from './question.js';

/** Answers with seconds or bytes for each item. */
export type CoreContender = ContenderProcess<Question, number>;

export type Kind = 'time' | 'memory';

export function openNode(kind: Kind, scenario: string, contender: string): CoreContender {
  const child = fileURLToPath(new URL('./child.js', import.meta.url));
  const flags = kind === 'memory' ? ['--expose-gc'] : [];
  return new ContenderProcess(contender, process.execPath, [...flags, child, kind, scenario, contender]);
}

export function openPython(kind: Kind, scenario: string, contender: string, python: Python): CoreContender {
  const child = fileURLToPath(new URL('../../../benchmarks/peers/child.py', import.meta.url));
  return new ContenderProcess(contender, python.command, ['-B', child, kind, scenario, contender]);
}
