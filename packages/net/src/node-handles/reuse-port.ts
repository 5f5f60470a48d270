import { typeError } from '@ringloop/core/internal';

/**
 * Node has SO_REUSEPORT for servers and datagrams since 22.12 and 23.1, where the system shares a port fairly: not on macOS and Windows.
 * @throws {TypeError} ERR_INVALID_ARG_VALUE where this Node has it not
 */
export function checkReusePort(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isThere = major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12);
  if (!isThere || process.platform === 'darwin' || process.platform === 'win32') throw noReusePort();
}

/** The error for a system that has not got it, which Node tells by ENOTSUP. */
export function noReusePort(): TypeError {
  return typeError(
    "reuse_port is not supported here: Node's own sockets have it from 22.12 and 23.1 on, and on neither macOS nor Windows",
    'ERR_INVALID_ARG_VALUE',
  );
}
