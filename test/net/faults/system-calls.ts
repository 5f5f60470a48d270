import { constants } from 'node:os';
import { type Libc, libc } from '@ringloop/net/internal';

/** The functions that return -1 and set errno. The others of the C library only convert names and numbers. */
const SYSTEM_CALLS = [
  'socket',
  'socketpair',
  'bind',
  'listen',
  'accept4',
  'connect',
  'open',
  'read',
  'write',
  'recv',
  'send',
  'recvfrom',
  'sendto',
  'sendmsg',
  'sendfile',
  'lseek',
  'shutdown',
  'close',
  'fcntl',
  'setsockopt',
  'getsockopt',
  'getsockname',
  'getpeername',
  'epoll_create1',
  'epoll_ctl',
  'epoll_wait',
] as const satisfies readonly (keyof Libc)[];

const LENGTH_ARGUMENTS: Readonly<Record<string, number>> = { recv: 2, send: 2, sendfile: 3 };
const MSG_IOV_OFFSET = 16; // of msg_iov in `struct msghdr`, in bytes
const EPOLL_OPERATIONS = ['', 'ADD', 'DEL', 'MOD'];

/** A system call that goes wrong: the one of that name that `nth` others came before. */
export interface Fault {
  readonly call: string;
  readonly nth: number;
  /** The errno that it fails with; `'short'`: it is asked for one byte only. */
  readonly how: number | 'short';
}

type Call = (...args: unknown[]) => number;

/**
 * Counts the system calls of this thread until it is disposed, and lets some of them go wrong. A call that fails has not
 * been made, except close(), which Linux completes whatever it returns, and a connect() that a signal interrupts.
 */
export class SystemCalls implements Disposable {
  readonly counts = new Map<string, number>();
  /** What was closed though it was not open: somebody else's descriptor may be the next. */
  readonly wrongCloses: unknown[] = [];
  readonly #faults: Fault[];
  readonly #restore: () => void;
  readonly #send: Call;
  #errno: number | null = null;

  constructor(...faults: Fault[]) {
    this.#faults = faults;
    const table = libc() as unknown as Record<string, Call>; // all of its functions are called alike here
    const names = [...SYSTEM_CALLS, 'errno'];
    const real = new Map(names.map((name) => [name, table[name] ?? missing(name)] as const));
    this.#send = real.get('send') ?? missing('send');
    for (const name of SYSTEM_CALLS)
      table[name] = (...args) => this.#call(name, real.get(name) ?? missing(name), args);
    table.errno = () => this.#errno ?? real.get('errno')?.() ?? 0;
    this.#restore = () => Object.assign(table, Object.fromEntries(real));
  }

  /** Whether all calls that should go wrong have been made. */
  get delivered(): boolean {
    return this.#faults.length === 0;
  }

  [Symbol.dispose](): void {
    this.#restore();
  }

  #call(name: string, real: Call, args: unknown[]): number {
    const label = name === 'epoll_ctl' ? epollLabel(args) : name;
    const nth = this.counts.get(label) ?? 0;
    this.counts.set(label, nth + 1);
    this.#errno = null;
    const at = this.#faults.findIndex((each) => each.call === label && each.nth === nth);
    const [fault] = at === -1 ? [] : this.#faults.splice(at, 1);
    if (fault === undefined) return this.#make(name, real, args);
    if (fault.how === 'short' && name === 'sendmsg') return this.#sendOneByte(args);
    if (fault.how === 'short') {
      const at = LENGTH_ARGUMENTS[name] ?? missing(name);
      return real(...args.with(at, Math.min(1, Number(args[at]))));
    }
    if (name === 'close' || (name === 'connect' && fault.how === constants.errno.EINTR))
      this.#make(name, real, args);
    this.#errno = fault.how;
    return -1;
  }

  /** What sendmsg() does when the system takes one byte only. The message names its buffers by their addresses. */
  #sendOneByte([fd, message, flags]: unknown[]): number {
    const c = libc();
    const { buffer, byteOffset } = message as Uint8Array;
    const [vector = 0n] = new BigUint64Array(buffer, byteOffset + MSG_IOV_OFFSET, 1);
    const first = new BigUint64Array(2); // `struct iovec`: an address and a length
    c.memcpy(new Uint8Array(first.buffer), vector, first.byteLength);
    const [address = 0n] = first;
    const byte = Buffer.alloc(1);
    c.memcpy(byte, address, 1);
    return this.#send(fd, byte, 1, flags);
  }

  #make(name: string, real: Call, args: unknown[]): number {
    const result = real(...args);
    if (name === 'close' && result !== 0) this.wrongCloses.push(args[0]);
    return result;
  }
}

/** Which operation, and whether it concerns the epoll in which libuv itself waits. */
function epollLabel([epollFd, operation]: unknown[]): string {
  const isOfLibuv = epollFd === libc().host?.backendFd;
  return `epoll_ctl ${EPOLL_OPERATIONS[operation as number] ?? ''}${isOfLibuv ? ' of libuv' : ''}`;
}

function missing(name: string): never {
  throw new Error(`The C library has no ${name}()`);
}
