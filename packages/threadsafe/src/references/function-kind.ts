/** Describes a function that is no reference, and what its author can do about it: the end of "Cannot send …". */
export function whyNot(fn: object): string {
  const { name } = fn as { readonly name?: unknown };
  const called = typeof name === 'string' && name !== '' ? name : '(anonymous)';
  switch (kindOf(fn, called)) {
    case 'bound':
      return (
        `bound function ${called.slice(BOUND.length)} to another thread: what it is bound to cannot go along. ` +
        `Make a reference to the function itself, and send the rest as arguments`
      );
    case 'native':
      return `native function ${called} to another thread: call it from a function of a module, and send a reference to that`;
    case 'class':
      return `class ${called} to another thread: write a function that makes the object there, and send a reference to that`;
    case 'arrow':
      return `arrow function ${called} to another thread: ${ADVICE}`;
    case 'function':
      return `function ${called} to another thread: ${ADVICE}`;
  }
}

/** Whether `fn` is a class. The pattern spares methods that are named `class`, and names that begin with it. */
export function isClass(fn: object): boolean {
  return /^class(?![\w$\u0080-\uffff]|\s*\()/.test(Function.prototype.toString.call(fn));
}

const ADVICE =
  'wrap it at the top level of its module in remote(import.meta.url, …), or make a reference to an export by ' +
  'remoteModule(); what it uses of the function around it must be sent as arguments';

const BOUND = 'bound ';

function kindOf(fn: object, name: string): 'bound' | 'native' | 'class' | 'arrow' | 'function' {
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) return name.startsWith(BOUND) ? 'bound' : 'native';
  if (isClass(fn)) return 'class';
  // An arrow function begins with its parameters; all other functions begin with a keyword or a name.
  return /^(?:async\s*)?(?:\(|[\w$]+\s*=>)/.test(source) ? 'arrow' : 'function';
}
