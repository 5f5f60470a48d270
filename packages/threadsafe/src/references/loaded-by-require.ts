/**
 * Whether this package runs as CommonJS, because a tool has translated it for `require()`: tsx does so for a program that is
 * CommonJS. Threads must get it the same way then. With `import` they would have a second copy of it, beside the one that the
 * program's own modules require there.
 *
 * Node's own `require()` of a module makes no second copy, and there is no `require` in a module.
 */
export const loadedByRequire = typeof require === 'function';
