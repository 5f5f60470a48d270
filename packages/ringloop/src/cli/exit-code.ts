/** Exit codes of the command; the usage text lists them. */
export const EXIT_OK = 0;
export const EXIT_MISMATCH = 1;
export const EXIT_USAGE = 2;
/** sysexits.h: EX_SOFTWARE. */
export const EXIT_BUG = 70;
/** What shells report for a command ended by Ctrl-C: 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** A wrong digest takes precedence over an interruption. */
export function exitCodeOf(run: { readonly mismatches: number; readonly interrupted: boolean }): number {
  if (run.mismatches > 0) return EXIT_MISMATCH;
  return run.interrupted ? EXIT_INTERRUPTED : EXIT_OK;
}
