import { readFileSync } from 'node:fs';
import type { Future } from '@ringloop/core';
import type { SelectorEventLoop, SubprocessProtocol, SubprocessTransport } from '@ringloop/net';

/** A protocol that writes down what it is told of a process, and insists on the legal order. */
export class ProcessRecorder implements SubprocessProtocol {
  /** Data that arrives in several pieces counts as one event. */
  readonly log: string[] = [];
  readonly exited: Future<number>;
  readonly lost: Future<undefined>;
  readonly output: Record<number, Buffer[]> = { 1: [], 2: [] };
  readonly #loop: SelectorEventLoop;
  #transport: SubprocessTransport | null = null;
  #wanted: { readonly text: string; readonly fd: number; readonly future: Future<undefined> }[] = [];

  constructor(loop: SelectorEventLoop) {
    this.#loop = loop;
    this.exited = loop.createFuture<number>();
    this.lost = loop.createFuture<undefined>();
  }

  get transport(): SubprocessTransport {
    if (this.#transport === null) throw new Error('connectionMade was not called');
    return this.#transport;
  }

  text(fd: 1 | 2): string {
    return Buffer.concat(this.output[fd] ?? []).toString();
  }

  /** Resolves when that text has come out. */
  async said(text: string, fd: 1 | 2 = 1): Promise<void> {
    const future = this.#loop.createFuture<undefined>();
    this.#wanted.push({ text, fd, future });
    this.#look();
    await future;
  }

  connectionMade(transport: SubprocessTransport): void {
    if (this.log.length > 0) throw new Error('connectionMade must be the first call');
    this.log.push('made');
    this.#transport = transport;
  }

  pipeDataReceived(fd: number, data: Buffer): void {
    this.#check(`lost ${fd}`);
    this.output[fd]?.push(data);
    if (this.log.at(-1) !== `data ${fd}`) this.log.push(`data ${fd}`);
    this.#look();
  }

  pipeConnectionLost(fd: number, exc: Error | null): void {
    this.#check(`lost ${fd}`);
    this.log.push(
      exc === null ? `lost ${fd}` : `lost ${fd} ${(exc as { code?: string }).code ?? exc.message}`,
    );
  }

  processExited(): void {
    this.#check('exited');
    const code = this.transport.getReturncode();
    if (code === null) throw new Error('The return code must be known before processExited');
    this.log.push(`exited ${code}`);
    this.exited.setResult(code);
  }

  connectionLost(exc: Error | null): void {
    this.#check('lost');
    this.log.push(exc === null ? 'lost' : `lost ${exc.message}`);
    this.lost.setResult(undefined);
  }

  pauseWriting(): void {
    this.log.push('pause');
  }

  resumeWriting(): void {
    this.log.push('resume');
  }

  #check(before: string): void {
    if (this.log[0] !== 'made') throw new Error('It was called before connectionMade');
    if (this.log.some((each) => each === before || each === 'lost'))
      throw new Error(`It was called after ${before}`);
  }

  #look(): void {
    for (const { text, fd, future } of this.#wanted) {
      if (!future.done() && this.text(fd as 1 | 2).includes(text)) future.setResult(undefined);
    }
  }
}

/** The state of a process: 'R', 'S', 'Z' for a zombie and so on; null when there is none. */
export function stateOf(pid: number): string | null {
  try {
    return /\) (\w)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1] ?? null;
  } catch {
    return null;
  }
}
