import type { ExceptionContext } from '@ringloop/core';
import { type NetBackend, SelectorEventLoop } from '@ringloop/net';

/** What the loop reported to its exception handler; a test that expects nothing asserts that this is empty. */
export type Reports = ExceptionContext[];

/** Runs `body` in a fresh loop and closes the loop, whatever happens. A report that `body` did not take fails the test. */
export async function inLoop(
  body: (loop: SelectorEventLoop, reports: Reports) => Promise<void>,
  options: { debug?: boolean; net?: NetBackend } = {},
): Promise<void> {
  const loop = new SelectorEventLoop({ name: 'test', debug: false, ...options });
  const reports: Reports = [];
  loop.setExceptionHandler((_loop, context) => {
    reports.push(context);
  });
  try {
    await loop.runUntilComplete(() => body(loop, reports));
  } finally {
    loop.close();
  }
  const [untaken] = reports;
  if (untaken !== undefined)
    throw new Error(`Reported: ${untaken.message ?? ''}`, { cause: untaken.exception });
}
