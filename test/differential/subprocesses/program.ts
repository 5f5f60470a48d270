/**
 * What a test does with a child process, in steps. A step ends when its protocol has been told what the step must lead to, so that no
 * step depends on how fast anything is.
 */

/** How much of what the protocol must have been told, since the beginning. */
export type Condition = readonly [
  what: 'bytes 1' | 'bytes 2' | 'lost 0' | 'lost 1' | 'lost 2' | 'exited' | 'ended' | 'paused' | 'resumed',
  least: number,
];

export type Action =
  | { readonly do: 'write'; readonly value: string }
  /** So many bytes to stdin. */
  | { readonly do: 'writeMuch'; readonly value: number }
  | { readonly do: 'closePipe'; readonly value: 0 | 1 | 2 }
  | { readonly do: 'pause' | 'resume'; readonly value: 1 | 2 }
  | { readonly do: 'signal'; readonly value: NodeJS.Signals }
  | { readonly do: 'terminate' | 'kill' | 'close' }
  /** Nothing: something happens by itself. */
  | { readonly do: 'wait' }
  /** Ends the process that the child has started by FORK. */
  | { readonly do: 'killGrandchild' };

export type Step = Action & { readonly until: readonly Condition[] };

/** A method of the protocol that throws the first time. */
export type Failing = 'connectionMade' | 'pipeDataReceived' | 'pipeConnectionLost' | 'processExited';

export interface SubprocessProgram {
  readonly script: string;
  readonly stdio: {
    readonly stdin: 'pipe' | 'devnull';
    readonly stdout: 'pipe' | 'devnull';
    readonly stderr: 'pipe' | 'devnull' | 'stdout';
  };
  readonly failing: Failing | null;
  readonly steps: readonly Step[];
}

/** The events of each step, and those of closing the transport at the end. */
export type SubprocessTrace = readonly (readonly string[])[];

/** A child that does what it reads, line by line, and ends when there is no more. */
export const OBEDIENT = `
while read -r verb value; do
  case $verb in
    out) echo "$value" ;;
    err) echo "$value" >&2 ;;
    closeOut) exec 1>&- ;;
    closeErr) exec 2>&- ;;
    closeIn) exec sleep 1000 0</dev/null ;;
    ignore) trap '' "$value"; echo ignored ;;
    fork) sleep 1000 & echo "pid:$!" ;;
    exit) exit "$value" ;;
  esac
done`;

/**
 * What may be compared: in each step, the events of each pipe, those of the process, and what is reported, each in order. In which
 * order the system tells of different pipes is its own affair. Data that arrives in pieces counts as one.
 */
export function comparable(trace: SubprocessTrace): unknown {
  return trace.map((events) => {
    const streams: Record<string, string[]> = {};
    for (const event of events) {
      const [kind = '', fd = '', ...rest] = event.split(' ');
      const isOfPipe = kind === 'data' || kind === 'pipe_lost';
      const stream = (streams[isOfPipe ? `pipe ${fd}` : kind.startsWith('re') ? kind : 'process'] ??= []);
      const last = stream.at(-1);
      if (kind === 'data' && last?.startsWith('data') === true)
        stream[stream.length - 1] = last + rest.join(' ');
      else stream.push(event);
    }
    return streams;
  });
}
