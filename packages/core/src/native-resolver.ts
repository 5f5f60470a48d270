/** How a function of the engine shows itself that settles a promise. */
const SHOWN = showResolver();

/**
 * Whether `reaction` is what an `await` gives to `then`: a function of the engine, which has no use for a context and may be
 * called at any time. A user's function is neither.
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
