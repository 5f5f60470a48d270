/** What a promise rejects with, or a call throws; fails when it does not. */
export async function rejection(
  attempt: PromiseLike<unknown> | (() => unknown),
): Promise<Error & Record<string, unknown>> {
  try {
    await (typeof attempt === 'function' ? attempt() : attempt);
  } catch (thrown) {
    if (thrown instanceof Error) return thrown as Error & Record<string, unknown>;
    throw thrown;
  }
  throw new Error('Nothing was thrown');
}

/** Message and fields of an error, as one object to compare. */
export function fieldsOf(error: Error): Record<string, unknown> {
  return { message: error.message, ...Object.fromEntries(Object.entries(error)) };
}
