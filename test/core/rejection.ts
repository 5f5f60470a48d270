/** The error that `promise` rejects with; fails when it does not. */
export async function rejectionOf(promise: PromiseLike<unknown>): Promise<Error & { code?: string }> {
  let value: unknown;
  try {
    value = await promise;
  } catch (thrown) {
    return thrown as Error; // tests look at what they got
  }
  throw new Error('Nothing was thrown', { cause: value });
}
