/** Imports a file of the command, which no door exports. The caller says what is in it: a computed specifier has no type. */
export function cliFile(name: string): Promise<unknown> {
  return import(cliUrl(name).href);
}

export function cliUrl(name: string): URL {
  return new URL(`../../../../packages/ringloop/dist/cli/${name}.js`, import.meta.url);
}
