import type { NetLoop } from '../loop-net.js';
import type { PipeEnd } from '../pipes/pipe-file.js';
import { ReadPipeTransport } from '../pipes/read-pipe-transport.js';
import { WritePipeTransport } from '../pipes/write-pipe-transport.js';
import type { Protocol } from '../transports/protocol.js';

/** What a pipe of a process tells the transport of the process. */
export interface PipeOwner {
  pipeDataReceived(fd: number, data: Buffer): void;
  pipeConnectionLost(fd: number, exc: Error | null): void;
  flow(method: 'pauseWriting' | 'resumeWriting'): void;
}

/** One pipe of a process: its transport, and whether that is lost. CPython: WriteSubprocessPipeProto, ReadSubprocessPipeProto. */
export class ChildPipe implements Protocol {
  readonly transport: ReadPipeTransport | WritePipeTransport;
  readonly #fd: number;
  readonly #owner: PipeOwner;
  #isLost = false;

  /** @param onStarted called in the loop when the transport is ready */
  constructor(
    loop: NetLoop,
    end: PipeEnd,
    {
      fd,
      owner,
      onStarted,
    }: { readonly fd: number; readonly owner: PipeOwner; readonly onStarted: () => void },
  ) {
    this.#fd = fd;
    this.#owner = owner;
    const options = { protocol: this, pipe: null, onStarted };
    this.transport =
      fd === 0 ? new WritePipeTransport(loop, end, options) : new ReadPipeTransport(loop, end, options);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  dataReceived(data: Buffer): void {
    this.#owner.pipeDataReceived(this.#fd, data);
  }

  connectionLost(exc: Error | null): void {
    this.#isLost = true;
    this.#owner.pipeConnectionLost(this.#fd, exc);
  }

  pauseWriting(): void {
    this.#owner.flow('pauseWriting');
  }

  resumeWriting(): void {
    this.#owner.flow('resumeWriting');
  }
}
