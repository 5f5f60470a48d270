/** What a promise rejects with. */
export async function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (thrown) {
    return thrown as Error; // the tests see whether it is
  }
  throw new Error('It should have been rejected');
}
