import { untilOpen } from '../connect/until-open.js';
import { AF_INET6 } from '../libc/linux-abi.js';
import { isSystemError } from '../libc/system-error.js';
import type { NetLoop } from '../loop-net.js';
import type { ResolvedAddress } from '../names/resolve.js';
import { HandleListener } from '../node-handles/handle-listener.js';
import type { HandleSelector } from '../node-handles/handle-selector.js';
import { checkReusePort, noReusePort } from '../node-handles/reuse-port.js';
import { skippable } from './bind-outcome.js';

/** What of ServerOptions concerns the socket itself. SO_REUSEADDR is not among it: libuv always sets it where that is right. */
interface ListenChoices {
  readonly backlog?: number;
  readonly reusePort?: boolean | null;
  readonly keepAlive?: boolean | null;
}

/**
 * A handle of Node that listens at an address. Null when this machine has not got the address or its family: another address of the host
 * may work.
 */
export async function listenOne(
  loop: NetLoop,
  handles: HandleSelector,
  address: ResolvedAddress,
  options: ListenChoices,
): Promise<HandleListener | null> {
  const { backlog = 100, reusePort, keepAlive } = options;
  const { family } = address;
  if (reusePort === true) checkReusePort();
  try {
    return await untilOpen(
      loop,
      handles,
      (selector, onOpened) =>
        new HandleListener(
          selector,
          {
            family,
            at: address,
            backlog,
            ipv6Only: family === AF_INET6,
            reusePort: reusePort === true,
            keepAlive: keepAlive === true,
          },
          onOpened,
        ),
    );
  } catch (thrown) {
    if (isSystemError(thrown) && thrown.code === 'ENOTSUP') throw noReusePort();
    if (isSystemError(thrown) && thrown.code === 'EAFNOSUPPORT') return null;
    return skippable(thrown, address);
  }
}
