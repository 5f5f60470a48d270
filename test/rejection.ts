/** What a promise rejects with, an error whose fields tests look at; fails when it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  let value: unknown;
  try {
    value = await promise;
  } catch (thrown) {
    if (thrown instanceof Error) return thrown as Error & Record<string, unknown>; // an error may have any field
    throw thrown;
  }
  throw new Error('It should have been rejected', { cause: value });
}

/** What a call throws. Not for a promise: those of ringloop may be functions, which ask for a value when awaited. */
export function thrownBy(call: () => unknown): Promise<Error & Record<string, unknown>> {
  return rejection((async () => call())());
}
