/** What `promise` rejects with; an assertion of its own when it does not. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as Error; // what is tested here throws nothing else
  }
  throw new Error('It was expected to reject, and resolved');
}
