import { type Failing, OBEDIENT, type Step, type SubprocessProgram } from './program.js';

interface GoldenSubprocess {
  readonly title: string;
  /** Why it needs epoll, if it does. */
  readonly withEpoll?: string;
  readonly program: SubprocessProgram;
}

const PIPES = { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' } as const;
/** Node does not read from the stdin of a child, and so hears nothing of it until it writes. */
export const UNSEEN = 'Node does not notice that nobody reads';

const NO_PIPES = { stdin: 'devnull', stdout: 'devnull', stderr: 'devnull' } as const;
const ALL_LOST = [
  ['lost 0', 1],
  ['lost 1', 1],
  ['lost 2', 1],
] as const;
const ENDED = [['ended', 1]] as const;

function obedient(
  steps: readonly Step[],
  { stdio = PIPES, failing = null }: Partial<Pick<SubprocessProgram, 'stdio' | 'failing'>> = {},
): SubprocessProgram {
  return { script: OBEDIENT, stdio, failing, steps };
}

function says(text: string, bytes: number): Step {
  return { do: 'write', value: `out ${text}\n`, until: [['bytes 1', bytes]] };
}

/** What happens by itself: the step only waits. */
function runs(script: string, stdio: SubprocessProgram['stdio'] = PIPES): SubprocessProgram {
  return { script, stdio, failing: null, steps: [{ do: 'wait', until: ENDED }] };
}

const FAILING: readonly Failing[] = [
  'connectionMade',
  'pipeDataReceived',
  'pipeConnectionLost',
  'processExited',
];

export const GOLDEN_SUBPROCESSES: readonly GoldenSubprocess[] = [
  {
    title: 'a child writes to both, reads to the end and exits with a code',
    program: {
      script: 'echo out; echo err >&2; cat; exit 3',
      stdio: PIPES,
      failing: null,
      steps: [
        {
          do: 'write',
          value: 'in',
          until: [
            ['bytes 1', 6],
            ['bytes 2', 4],
          ],
        },
        { do: 'closePipe', value: 0, until: ENDED },
        { do: 'kill', until: [] },
        { do: 'terminate', until: [] },
        { do: 'signal', value: 'SIGHUP', until: [] },
      ],
    },
  },
  { title: 'a child without pipes', program: runs('exit 7', NO_PIPES) },
  { title: 'a child that ends at once', program: runs('exit 0') },
  { title: 'a child that signals itself', program: runs('kill -USR1 $$') },
  {
    title: 'stderr goes where stdout goes',
    program: runs('echo a; echo b >&2; echo c', { ...PIPES, stderr: 'stdout' }),
  },
  ...(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGPIPE', 'SIGKILL'] as const).map((signal) => ({
    title: `${signal} ends a child`,
    program: obedient([says('a', 2), { do: 'signal', value: signal, until: ENDED }]),
  })),
  {
    title: 'a child ignores SIGTERM, and SIGKILL ends it',
    program: obedient([
      { do: 'write', value: 'ignore TERM\n', until: [['bytes 1', 8]] },
      { do: 'terminate', until: [] },
      says('alive', 14),
      { do: 'kill', until: ENDED },
    ]),
  },
  {
    title: 'a child closes its stdout and its stderr, and lives',
    program: obedient([
      { do: 'write', value: 'closeOut\n', until: [['lost 1', 1]] },
      { do: 'write', value: 'err alive\n', until: [['bytes 2', 6]] },
      { do: 'write', value: 'closeErr\n', until: [['lost 2', 1]] },
      { do: 'write', value: 'exit 5\n', until: ENDED },
    ]),
  },
  {
    title: 'a child closes its stdin, and lives',
    withEpoll: UNSEEN,
    program: obedient([
      { do: 'write', value: 'closeIn\n', until: [['lost 0', 1]] },
      { do: 'terminate', until: ENDED },
    ]),
  },
  {
    title: 'a grandchild keeps the pipes open when the child has ended',
    program: obedient([
      { do: 'write', value: 'fork\n', until: [['bytes 1', 5]] },
      {
        do: 'write',
        value: 'exit 4\n',
        until: [
          ['exited', 1],
          ['lost 0', 1],
        ],
      },
      { do: 'kill', until: [] },
      { do: 'killGrandchild', until: ENDED },
    ]),
  },
  {
    title: 'close() ends the pipes that a grandchild keeps open',
    program: obedient([
      { do: 'write', value: 'fork\n', until: [['bytes 1', 5]] },
      {
        do: 'write',
        value: 'exit 4\n',
        until: [
          ['exited', 1],
          ['lost 0', 1],
        ],
      },
      { do: 'close', until: ENDED },
      { do: 'killGrandchild', until: [] },
    ]),
  },
  {
    title: 'close() kills a child that runs',
    program: obedient([
      says('a', 2),
      { do: 'close', until: [...ALL_LOST, ...ENDED] },
      { do: 'close', until: [] },
    ]),
  },
  {
    title: 'our end of stdout is closed: SIGPIPE ends the child',
    program: obedient([
      says('a', 2),
      { do: 'closePipe', value: 1, until: [['lost 1', 1]] },
      { do: 'write', value: 'out b\n', until: ENDED },
    ]),
  },
  {
    title: 'reading is paused and goes on',
    program: obedient([
      { do: 'pause', value: 1, until: [] },
      { do: 'write', value: 'out a\nerr done\n', until: [['bytes 2', 5]] },
      { do: 'resume', value: 1, until: [['bytes 1', 2]] },
    ]),
  },
  {
    title: 'a paused pipe holds back the end of the process',
    program: obedient([
      { do: 'pause', value: 1, until: [] },
      {
        do: 'write',
        value: 'out a\nexit 2\n',
        until: [
          ['exited', 1],
          ['lost 0', 1],
          ['lost 2', 1],
        ],
      },
      { do: 'resume', value: 1, until: ENDED },
    ]),
  },
  {
    title: 'a full stdin pauses the protocol, and the child that reads it resumes it',
    program: {
      script: 'echo ready; read -r line; cat >/dev/null; exit 6',
      stdio: PIPES,
      failing: null,
      steps: [
        { do: 'write', value: '', until: [['bytes 1', 6]] },
        { do: 'writeMuch', value: 1_000_000, until: [['paused', 1]] },
        { do: 'write', value: '\n', until: [['resumed', 1]] },
        { do: 'closePipe', value: 0, until: ENDED },
      ],
    },
  },
  {
    title: 'a child ends before it has read its stdin',
    program: {
      script: 'echo ready; exec sleep 1000',
      stdio: PIPES,
      failing: null,
      steps: [
        { do: 'write', value: '', until: [['bytes 1', 6]] },
        { do: 'writeMuch', value: 1_000_000, until: [['paused', 1]] },
        { do: 'kill', until: ENDED },
      ],
    },
  },
  ...FAILING.map((failing) => ({
    title: `${failing}() throws`,
    program: obedient([says('a', 2), says('b', 4), { do: 'write', value: 'exit 1\n', until: ENDED }], {
      failing,
    }),
  })),
];
