/**
 * Whether this package runs as CommonJS because a tool has translated it for `require()`, as tsx does for a CommonJS
 * program. Threads must then load it in the same way. With `import` they would have a second copy of it, beside the one
 * that the program's own modules require there.
 *
 * Node's own `require()` of a module makes no second copy, and a module has no `require`.
 */
export const loadedByRequire = typeof require === 'function';
