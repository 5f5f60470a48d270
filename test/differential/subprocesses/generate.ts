import fc from 'fast-check';
import { type Condition, OBEDIENT, type Step, type SubprocessProgram } from './program.js';

const VERBS = [
  'out',
  'err',
  'closeOut',
  'closeErr',
  'closeIn',
  'closeStdin',
  'closeStdout',
  'closeStderr',
  'pauseOut',
  'pauseErr',
  'resumeOut',
  'resumeErr',
  'ignoreTerm',
  'terminate',
  'hangUp',
  'kill',
  'exit',
  'close',
] as const;

type Verb = (typeof VERBS)[number];

/**
 * Programs of the obedient child: what is not possible at its place is left out.
 * @param seesClosedStdin false: no child closes its stdin
 */
export function subprocessPrograms(seesClosedStdin: boolean): fc.Arbitrary<SubprocessProgram> {
  const verbs = VERBS.filter((verb) => seesClosedStdin || verb !== 'closeIn');
  return fc
    .record({
      stderr: fc.constantFrom('pipe', 'pipe', 'stdout', 'devnull' as const),
      failing: fc.constantFrom(
        null,
        null,
        'connectionMade',
        'pipeDataReceived',
        'pipeConnectionLost',
        'processExited' as const,
      ),
      verbs: fc.array(fc.constantFrom(...verbs), { minLength: 1, maxLength: 9 }),
    })
    .map(({ stderr, failing, verbs }) => ({
      script: OBEDIENT,
      stdio: { stdin: 'pipe', stdout: 'pipe', stderr },
      failing,
      steps: new Planner(stderr).plan(verbs),
    }));
}

/** What each step must lead to follows from the steps before it. */
class Planner {
  readonly #bytes: Record<1 | 2, number> = { 1: 0, 2: 0 };
  /** The pipes of which the protocol has not heard the end. */
  readonly #open: Set<0 | 1 | 2>;
  readonly #paused = new Set<1 | 2>();
  readonly #errors: 'pipe' | 'stdout' | 'devnull';
  #hasClosedOut = false;
  #hasClosedErr = false;
  #ignoresTerm = false;
  #ended = false;

  constructor(stderr: 'pipe' | 'stdout' | 'devnull') {
    this.#errors = stderr;
    this.#open = new Set(stderr === 'pipe' ? [0, 1, 2] : [0, 1]);
  }

  plan(verbs: readonly Verb[]): Step[] {
    const ready: Step = { do: 'write', value: 'out ready\n', until: this.#says(1, 'ready') };
    return [ready, ...verbs.flatMap((verb) => this.#step(verb))];
  }

  #step(verb: Verb): Step[] {
    if (verb === 'kill' || verb === 'hangUp' || verb === 'terminate') return [this.#signal(verb)];
    if (verb === 'close') return this.#close();
    if (verb === 'resumeOut') return this.#resume(1);
    if (verb === 'resumeErr') return this.#resume(2);
    if (this.#ended) return [];
    switch (verb) {
      case 'out':
        return this.#hasClosedOut ? [] : this.#write('out', 'text', 1);
      case 'err':
        if (this.#errors === 'devnull') return [{ do: 'write', value: 'err text\n', until: [] }];
        return this.#hasClosedErr ? [] : this.#write('err', 'text', this.#errors === 'pipe' ? 2 : 1);
      case 'closeOut':
        if (this.#errors === 'stdout' || !this.#isReading(1)) return [];
        this.#hasClosedOut = true;
        return [{ do: 'write', value: 'closeOut\n', until: this.#loses(1) }];
      case 'closeErr':
        if (this.#errors !== 'pipe' || !this.#isReading(2)) return [];
        this.#hasClosedErr = true;
        return [{ do: 'write', value: 'closeErr\n', until: this.#loses(2) }];
      case 'closeIn':
        this.#ended = true; // it reads no more; only signals reach it
        return this.#open.has(0) ? [{ do: 'write', value: 'closeIn\n', until: this.#loses(0) }] : [];
      case 'closeStdin':
        return [{ do: 'closePipe', value: 0, until: this.#ends() }];
      case 'closeStdout':
        return this.#open.has(1) ? [{ do: 'closePipe', value: 1, until: this.#loses(1) }] : [];
      case 'closeStderr':
        return this.#open.has(2) ? [{ do: 'closePipe', value: 2, until: this.#loses(2) }] : [];
      case 'pauseOut':
        return this.#pause(1);
      case 'pauseErr':
        return this.#pause(2);
      case 'ignoreTerm':
        if (!this.#isReading(1) || this.#hasClosedOut) return [];
        this.#ignoresTerm = true;
        return [{ do: 'write', value: 'ignore TERM\n', until: this.#says(1, 'ignored') }];
      case 'exit':
        return [{ do: 'write', value: 'exit 3\n', until: this.#ends() }];
    }
  }

  /** If nobody reads, SIGPIPE ends the child. */
  #write(verb: string, text: string, fd: 1 | 2): Step[] {
    const value = `${verb} ${text}\n`;
    if (!this.#open.has(fd)) return [{ do: 'write', value, until: this.#ends() }];
    if (!this.#paused.has(fd)) return [{ do: 'write', value, until: this.#says(fd, text) }];
    // Nobody hears it. That the child has written it, it must say elsewhere: it may be killed in the next step.
    const other = fd === 1 ? 2 : 1;
    const hasClosed = other === 1 ? this.#hasClosedOut : this.#hasClosedErr;
    if (hasClosed || !this.#isReading(other)) return [];
    this.#says(fd, text);
    const echoed = `${value}${other === 1 ? 'out' : 'err'} written\n`;
    return [{ do: 'write', value: echoed, until: this.#says(other, 'written') }];
  }

  #signal(verb: 'kill' | 'hangUp' | 'terminate'): Step {
    const isIgnored = verb === 'terminate' && this.#ignoresTerm;
    const until = isIgnored ? [] : this.#ends();
    return verb === 'hangUp' ? { do: 'signal', value: 'SIGHUP', until } : { do: verb, until };
  }

  #close(): Step[] {
    this.#paused.clear();
    return [{ do: 'close', until: this.#ends() }];
  }

  #pause(fd: 1 | 2): Step[] {
    if (!this.#isReading(fd)) return [];
    this.#paused.add(fd);
    return [{ do: 'pause', value: fd, until: [] }];
  }

  #resume(fd: 1 | 2): Step[] {
    if (!this.#paused.delete(fd)) return [];
    const bytes: Condition = [`bytes ${fd}`, this.#bytes[fd]];
    return [{ do: 'resume', value: fd, until: this.#hasExited ? [bytes, ...this.#ends()] : [bytes] }];
  }

  #hasExited = false;

  #ends(): Condition[] {
    this.#ended = true;
    this.#hasExited = true;
    const heard = [...this.#open].filter((fd) => fd === 0 || !this.#paused.has(fd));
    for (const fd of heard) this.#open.delete(fd);
    const conditions = heard.map((fd): Condition => [`lost ${fd}`, 1]);
    return [...conditions, ['exited', 1], ...(this.#open.size === 0 ? ([['ended', 1]] as const) : [])];
  }

  #says(fd: 1 | 2, text: string): Condition[] {
    this.#bytes[fd] += text.length + 1;
    return [[`bytes ${fd}`, this.#bytes[fd]]];
  }

  #loses(fd: 0 | 1 | 2): Condition[] {
    this.#open.delete(fd);
    if (fd !== 0) this.#paused.delete(fd);
    return [[`lost ${fd}`, 1]];
  }

  #isReading(fd: 1 | 2): boolean {
    return this.#open.has(fd) && !this.#paused.has(fd);
  }
}
