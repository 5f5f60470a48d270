import { type Coroutine, type CoroutineGenerator, sleep } from '@ringloop/core';

/** Makes a coroutine of one kind of a body that is written as a generator and waits with `yield*`. */
export type MakeCoroutine = <T>(body: () => CoroutineGenerator<T>) => Coroutine<T>;

/** For cases that both kinds of coroutines must pass: the body is written once. */
export const KINDS: readonly { readonly kind: string; readonly coroutine: MakeCoroutine }[] = [
  { kind: 'generator coroutines', coroutine: (body) => body },
  { kind: 'async functions', coroutine: (body) => () => awaitEach(body()) },
];

/** An async function whose awaits are the waits of `generator`. */
async function awaitEach<T>(generator: CoroutineGenerator<T>): Promise<T> {
  const takeStep = (value: unknown): IteratorResult<unknown, T> => generator.next(value); // nobody checks what it is sent
  let step = takeStep(undefined);
  while (step.done !== true) {
    let resume: () => IteratorResult<unknown, T>;
    try {
      const value = await ((step.value ?? sleep(0)) as PromiseLike<unknown>); // a future, or a bare yield: what sleep(0) does
      resume = () => takeStep(value);
    } catch (thrown) {
      resume = () => generator.throw(thrown);
    }
    step = resume();
  }
  return step.value;
}
