export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  try {
    return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
  } catch {
    return false; // a Proxy or a getter may throw; a promise would reject with that error
  }
}
