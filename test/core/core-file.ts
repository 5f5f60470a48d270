/** Imports a file of core that no door exports. The caller says what is in it: a computed specifier has no type. */
export function coreFile(name: string): Promise<unknown> {
  return import(new URL(`../../../packages/core/dist/${name}.js`, import.meta.url).href);
}
