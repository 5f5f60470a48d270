import { EAI } from '../libc/linux-abi.js';
import { ResolutionError } from '../errors.js';
import { isError } from '@ringloop/core/internal';
import { eaiName, libcMessage } from './libc-names.js';

type Syscall = ResolutionError['syscall'];

/** The error for a code of getaddrinfo(3) or getnameinfo(3). */
export function resolutionFailed(
  code: number,
  syscall: Syscall,
  hostname: string | null,
  cause?: unknown,
): ResolutionError {
  const name = eaiName(code);
  const place = hostname === null ? '' : ` ${hostname}`;
  return new ResolutionError(`${syscall} ${name}${place}: ${libcMessage(code)}`, {
    code: name,
    errno: code,
    syscall,
    hostname,
    cause,
  });
}

/** The same for an error of node:dns, which has names of its own for some of the codes. Others are returned unchanged. */
export function fromNode(thrown: unknown, syscall: Syscall, hostname: string): unknown {
  if (!isError(thrown) || !('code' in thrown)) return thrown;
  const { code } = thrown;
  const eai = code === 'ENOTFOUND' ? EAI.EAI_NONAME : (EAI as Record<string, number>)[String(code)];
  return eai === undefined ? thrown : resolutionFailed(eai, syscall, hostname, thrown);
}
