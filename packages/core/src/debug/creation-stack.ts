import { fileURLToPath } from 'node:url';

/** How many frames are kept; CPython: constants.DEBUG_STACK_DEPTH. */
const DEPTH = 10;
/**
 * How many frames are captured: enough to reach the user's frames behind those of ringloop and Node, which are left
 * out.
 */
const CAPTURED = 40;

/**
 * The folder of ringloop's packages: `packages/` in its repository, `node_modules/@ringloop/` when installed. The
 * umbrella package is installed in `…/ringloop/`.
 */
const SCOPE = fileURLToPath(new URL('../../../', import.meta.url));
const OURS = [SCOPE, SCOPE.replace(/@ringloop([\\/])$/, 'ringloop$1')];

/**
 * The stack where something was created, for debug mode: the frames of the user's code that led here, innermost first,
 * in the format of an error's stack. Python: the `source_traceback` of handles, futures and tasks.
 */
export function creationStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = CAPTURED;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = limit;
  const frames = stack.split('\n').slice(1);
  const users = frames.findIndex((frame) => !isOurs(frame) && !isNodes(frame));
  return frames.slice(Math.max(users, 0), Math.max(users, 0) + DEPTH).join('\n');
}

/** `file:line:column` of the innermost frame, for `inspect()`. */
export function creationSite(stack: string): string {
  const [frame = ''] = stack.split('\n');
  return frame
    .trim()
    .replace(/^at (?:async )?/, '')
    .replace(/^.*\((.*)\)$/, '$1')
    .replace(/^file:\/\//, '');
}

/** The part of an error report that says where its subject was created, if that is known. */
export function tracebackOf({ sourceTraceback }: { readonly sourceTraceback: string | undefined }): {
  readonly sourceTraceback?: string;
} {
  return sourceTraceback === undefined ? {} : { sourceTraceback };
}

function isOurs(frame: string): boolean {
  return OURS.some((folder) => frame.includes(folder));
}

function isNodes(frame: string): boolean {
  return frame.includes('node:internal') || frame.includes('(native)') || frame.includes('<anonymous>)');
}
