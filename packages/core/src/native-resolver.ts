/** The source text that the engine shows for its functions that settle promises. */
const SHOWN = showResolver();

/**
 * Whether `reaction` is a function that an `await` passes to `then`. It is a function of the engine, which needs no
 * context and may be called at any time. Neither is true of a user's function.
 */
export function isNativeResolver(reaction: unknown): boolean {
  return (
    typeof reaction === 'function' &&
    reaction.name === '' &&
    Function.prototype.toString.call(reaction) === SHOWN
  );
}

function showResolver(): string {
  let shown = '';
  void new Promise((resolve) => {
    shown = Function.prototype.toString.call(resolve);
  });
  return shown;
}
