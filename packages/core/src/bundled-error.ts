/** The error of a program that has put ringloop into a bundle. @param problem what does not work there, without a full stop */
export function bundledError(problem: string): Error {
  const message = `${problem}. Keep it out: with esbuild, external: ['ringloop', '@ringloop/*'] or packages: 'external'`;
  return Object.assign(new Error(message), { code: 'ERR_BUNDLED' });
}
