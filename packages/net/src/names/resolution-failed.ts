import { EAI } from '../libc/linux-abi.js';
import { ResolutionError } from '../errors.js';

/** What the C library says of its codes, in the words of glibc. */
const MESSAGES: Readonly<Record<keyof typeof EAI, string>> = {
  EAI_BADFLAGS: 'Bad value for ai_flags',
  EAI_NONAME: 'Name or service not known',
  EAI_AGAIN: 'Temporary failure in name resolution',
  EAI_FAIL: 'Non-recoverable failure in name resolution',
  EAI_NODATA: 'No address associated with hostname',
  EAI_FAMILY: 'ai_family not supported',
  EAI_SOCKTYPE: 'ai_socktype not supported',
  EAI_SERVICE: 'Servname not supported for ai_socktype',
  EAI_ADDRFAMILY: 'Address family for hostname not supported',
  EAI_MEMORY: 'Memory allocation failure',
  EAI_SYSTEM: 'System error',
  EAI_OVERFLOW: 'Result too large for supplied buffer',
};

type Syscall = ResolutionError['syscall'];

/** The error for a code of getaddrinfo(3) or getnameinfo(3). */
export function resolutionFailed(
  code: number,
  syscall: Syscall,
  hostname: string | null,
  cause?: unknown,
): ResolutionError {
  const [name, text] = Object.entries(MESSAGES).find(([key]) => numberOf(key) === code) ?? [
    `EAI_${code}`,
    'Unknown error',
  ];
  const place = hostname === null ? '' : ` ${hostname}`;
  return new ResolutionError(`${syscall} ${name}${place}: ${text}`, {
    code: name,
    errno: code,
    syscall,
    hostname,
    cause,
  });
}

/** A result of the C library that is no error code. @throws {ResolutionError} when it is one */
export function resolved<R extends object>(result: R | number, syscall: Syscall, hostname: string | null): R {
  if (typeof result === 'object') return result;
  throw resolutionFailed(result, syscall, hostname);
}

/** The same error for one of node:dns, which has names of its own for some of the codes. Others are returned unchanged. */
export function fromNode(error: NodeJS.ErrnoException, syscall: Syscall, hostname: string): Error {
  const eai = error.code === 'ENOTFOUND' ? EAI.EAI_NONAME : numberOf(String(error.code));
  return eai === undefined ? error : resolutionFailed(eai, syscall, hostname, error);
}

function numberOf(name: string): number | undefined {
  return (EAI as Record<string, number>)[name];
}
