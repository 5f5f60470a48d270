import { inspect } from 'node:util';
import { startCoroutine, checkCallback, typeError } from '@ringloop/core/internal';
import { NET, type NetLoop } from '../loop-net.js';
import { makeProtocol } from '../transports/make-protocol.js';
import type { SystemText } from './c-strings.js';
import { type ProcessSpec, refuseText, specOf, type SubprocessOptions } from './process-spec.js';
import { startChild } from './start-child.js';
import type { SubprocessProtocol, SubprocessProtocolFactory } from './subprocess-protocol.js';
import { EXITED, SubprocessTransport } from './subprocess-transport.js';

/** What starts a process resolves with. */
export type Subprocess<P extends SubprocessProtocol> = [SubprocessTransport, P];

/** Python: loop.subprocess_exec(). */
export async function subprocessExec<P extends SubprocessProtocol>(
  loop: NetLoop,
  protocolFactory: SubprocessProtocolFactory<P>,
  program: SystemText,
  args: readonly SystemText[],
  options: SubprocessOptions,
): Promise<Subprocess<P>> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'subprocessExec');
  refuseText(options, false);
  return start(loop, protocolFactory, specOf(program, args, options, false));
}

/** Python: loop.subprocess_shell(). */
export async function subprocessShell<P extends SubprocessProtocol>(
  loop: NetLoop,
  protocolFactory: SubprocessProtocolFactory<P>,
  command: SystemText,
  options: SubprocessOptions,
): Promise<Subprocess<P>> {
  loop[NET].checkOpen();
  checkCallback(protocolFactory, 'subprocessShell');
  if (typeof command !== 'string' && !(command instanceof Uint8Array))
    throw typeError(`cmd must be a string, got ${inspect(command, { depth: 0 })}`);
  refuseText(options, true);
  const [shell, args] = shellOf(command);
  return start(loop, protocolFactory, specOf(shell, args, options, true));
}

function shellOf(command: SystemText): [program: string, args: SystemText[]] {
  if (process.platform !== 'win32') return ['/bin/sh', ['-c', command]];
  const text = typeof command === 'string' ? command : Buffer.from(command).toString();
  return [process.env.comspec ?? 'cmd.exe', ['/d', '/s', '/c', `"${text}"`]];
}

async function start<P extends SubprocessProtocol>(
  loop: NetLoop,
  protocolFactory: SubprocessProtocolFactory<P>,
  spec: ProcessSpec,
): Promise<Subprocess<P>> {
  const protocol = makeProtocol(loop, protocolFactory);
  const started = loop.createFuture<undefined>();
  const onStarted = (): void => {
    if (!started.done()) started.setResult(undefined);
  };
  const starting = startChild(loop, spec);
  const child = starting instanceof Promise ? await starting : starting;
  const transport = new SubprocessTransport(loop, child, { protocol, onStarted });
  try {
    await started;
  } catch (cancelled) {
    transport.close();
    await startCoroutine(transport[EXITED](), loop);
    throw cancelled;
  }
  return [transport, protocol];
}
