import { isMoment, MOMENTS } from './grammar/moment.js';
import type { Body, CallbackBody, Program, Source, Statement } from './grammar/program.js';

const INDENT = '  ';

/** A statement as traces name it: `waitFor gather(t0, c5)`. */
export function describe(statement: Statement): string {
  const words: string[] = [statement.op];
  if ('slot' in statement) words.push(statement.slot);
  words.push(...sourcesOf(statement).map(describeSource));
  return words.join(' ');
}

/** A program as indented text, one statement a line. */
export function describeProgram({ objects, eager, farewell, runs }: Program): string {
  const lines = [
    `objects ${pairs(objects).join(' ')}${eager ? ', eager tasks' : ''}, farewell ${String(farewell.message)}`,
  ];
  for (const { before, main } of runs) {
    lines.push(
      ...before.flatMap(linesOf),
      main === null ? 'run for ever' : 'run until complete',
      ...bodyLines(main),
    );
  }
  return lines.join('\n');
}

function linesOf(statement: Statement): string[] {
  const head = [describe(statement), ...pairs(statement)].join(' ');
  const blocks = Object.entries(statement).flatMap(([key, part]: [string, unknown]) => {
    if (key === 'body' && !Array.isArray(part)) return bodyLines(part as Body | CallbackBody); // the other kind of body
    if (key !== 'body' && key !== 'handler' && key !== 'cleanup') return [];
    const lines = (part as Statement[]).flatMap(linesOf); // a block
    return key === 'body'
      ? nested(lines)
      : lines.length === 0
        ? []
        : [`${INDENT}${key}`, ...nested(nested(lines))];
  });
  return [head, ...sourcesOf(statement).flatMap(bodiesIn).flatMap(bodyLines), ...blocks];
}

function bodyLines(body: Body | CallbackBody | null): string[] {
  if (body === null) return [];
  const end = 'returns' in body ? [`return ${body.returns}`] : [];
  return nested([`${body.id}:`, ...nested([...body.does.flatMap(linesOf), ...end])]);
}

function nested(lines: readonly string[]): string[] {
  return lines.map((line) => INDENT + line);
}

/** What is no name and no block. */
function pairs(of: object): string[] {
  return Object.entries(of).flatMap(([key, value]: [string, unknown]) => {
    if (key === 'op' || key === 'slot') return [];
    if (isMoment(value)) return [`${key}=${value.after}+${value.moment}/${MOMENTS}`];
    return typeof value === 'object' && value !== null ? [] : [`${key}=${String(value)}`];
  });
}

function sourcesOf(statement: Statement): readonly Source[] {
  if (!('of' in statement)) return [];
  return 'from' in statement.of ? [statement.of] : statement.of;
}

function describeSource(source: Source): string {
  if (source.from === 'slot') return source.slot;
  if (source.from === 'coroutine') return source.body.id;
  const options = source.from === 'gather' && source.returnExceptions ? '; exceptions' : '';
  return `${source.from}(${partsOf(source).map(describeSource).join(', ')}${options})`;
}

function bodiesIn(source: Source): Body[] {
  return source.from === 'coroutine' ? [source.body] : partsOf(source).flatMap(bodiesIn);
}

function partsOf(source: Source): readonly Source[] {
  if (source.from === 'gather') return source.of;
  return source.from === 'shield' ? [source.of] : [];
}
