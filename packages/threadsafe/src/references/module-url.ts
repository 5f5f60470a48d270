import { inspect } from 'node:util';
import { typeError } from '@ringloop/core/internal';

/**
 * The absolute URL of a module, by the rules of import(): relative specifiers are resolved against the URL of the
 * asking module. Bare specifiers are refused: what they mean depends on the asking module, and only that module can
 * find out.
 * @param base the `import.meta.url` of the asking module; not needed for absolute URLs
 * @param parameter the name of `specifier` in messages
 * @throws {TypeError} ERR_INVALID_ARG_TYPE
 */
export function moduleUrl(
  specifier: string | URL,
  base: string | URL | undefined,
  parameter = 'specifier',
): string {
  if (specifier instanceof URL) return specifier.href;
  if (typeof specifier !== 'string') {
    throw typeError(`${parameter} must be a URL, got ${inspect(specifier)}`);
  }
  if (isAbsoluteUrl(specifier)) return new URL(specifier).href;
  if (!/^\.{0,2}\//.test(specifier)) {
    throw typeError(
      `${parameter} must be an absolute URL or begin with ./, ../ or /, got ${inspect(specifier)}: ` +
        `resolve it first, with import.meta.resolve() for a package or pathToFileURL() for a path`,
    );
  }
  if (base === undefined) {
    throw typeError(
      `${parameter} is relative, got ${inspect(specifier)}: resolve it against import.meta.url`,
    );
  }
  if (!(base instanceof URL) && !(typeof base === 'string' && isAbsoluteUrl(base))) {
    throw typeError(`base must be the caller's import.meta.url, got ${inspect(base)}`);
  }
  return new URL(specifier, base).href;
}

/** Excludes Windows drives, whose letter looks like a scheme. */
function isAbsoluteUrl(text: string): boolean {
  return URL.canParse(text) && !/^[a-z]:/i.test(text);
}
