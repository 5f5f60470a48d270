import { inspect } from 'node:util';
import type { Awaitable } from '../awaitable.js';
import { type Block, type BlockBody, runBlock } from '../block.js';
import type { Coroutine } from '../coroutine.js';
import { CancelledError, endsTheLoop, ExceptionGroup, InvalidStateError, toError } from '../errors.js';
import type { Future } from '../future.js';
import { type CoroutineGenerator, isGenerator } from '../generator-driver.js';
import type { Task, TaskOptions } from '../task.js';

type GroupState = 'created' | 'entered' | 'exiting';

/**
 * Tasks that end together: the block that `run()` runs is not left before all of them are done. When one fails, or the block
 * throws, the others are cancelled, and the errors are thrown as one ExceptionGroup. Good for one block.
 * Python: asyncio.TaskGroup.
 */
export class TaskGroup {
  #state: GroupState = 'created';
  #block!: Block; // set when it is entered; nothing asks for it before
  readonly #tasks = new Set<Task<unknown>>();
  /** All tasks have been cancelled, and there will be no more. */
  #aborting = false;
  /** A cancel() of the parent is ours, and to be taken back. */
  #parentCancelled = false;
  #errors: Error[] = [];
  /** A SystemExit or KeyboardInterrupt: thrown as it is. */
  #exit: Error | null = null;
  /** What the end of the block waits for. */
  #allDone: Future<void> | null = null;

  /**
   * Runs `body`, an async function or a generator function, as part of the current task, waits for the tasks that it created
   * in the group, and gives its result. Python: `async with TaskGroup() as group:`. Rejects with
   * - ExceptionGroup 'unhandled errors in a TaskGroup' of what tasks and body threw, CancelledErrors aside;
   * - SystemExit or KeyboardInterrupt, bare;
   * - CancelledError when the current task is cancelled by somebody else, and nothing failed on the way out;
   * - InvalidStateError outside of a task, and when it has been entered before.
   *
   * When a task fails, the body is cancelled at its await. To interrupt the await of a native promise, hand on the AbortSignal
   * that the body is given as its second argument.
   * @throws {TypeError} when `body` is no function
   * @throws {LoopStateError} ERR_NO_RUNNING_LOOP
   */
  run<R>(body: BlockBody<TaskGroup, R>): Awaitable<R> {
    return runBlock(
      body,
      (block) => this.#enter(block),
      (error) => this.#leave(error),
    );
  }

  /**
   * As `loop.createTask()`, for a task of this group. Tasks of the group may create more of them. Python: TaskGroup.create_task().
   * @throws {InvalidStateError} before the block is entered, after all tasks are done at its end, and when tasks are being cancelled
   * @throws {TypeError} when `coroutine` is none
   */
  createTask<T>(coroutine: Coroutine<T> | PromiseLike<T>, options: TaskOptions = {}): Task<T> {
    const refusal = this.#refusal();
    if (refusal !== null) {
      if (isGenerator(coroutine)) coroutine.return(undefined as never); // nobody will run it
      throw new InvalidStateError(`TaskGroup ${inspect(this)} ${refusal}`);
    }
    const task = this.#block.task.getLoop().createTask(coroutine, options);
    // An eager one may have failed already, but its caller is cancelled no earlier for that.
    this.#tasks.add(task);
    task.addDoneCallback(() => this.#onTaskDone(task));
    return task;
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const words = ['TaskGroup'];
    if (this.#tasks.size > 0) words.push(`tasks=${this.#tasks.size}`);
    if (this.#errors.length > 0) words.push(`errors=${this.#errors.length}`);
    if (this.#aborting) words.push('cancelling');
    else if (this.#state !== 'created') words.push('entered');
    return `<${words.join(' ')}>`;
  }

  #refusal(): string | null {
    if (this.#state === 'created') return 'has not been entered';
    if (this.#state === 'exiting' && this.#tasks.size === 0) return 'is finished';
    return this.#aborting ? 'is shutting down' : null;
  }

  #enter(block: Block | null): this {
    if (this.#state !== 'created') {
      throw new InvalidStateError(`TaskGroup ${inspect(this)} has already been entered`);
    }
    if (block === null) {
      throw new InvalidStateError(`TaskGroup ${inspect(this)} cannot determine the parent task`);
    }
    this.#block = block;
    this.#state = 'entered';
    block.entered();
    return this;
  }

  *#leave(thrown: unknown): CoroutineGenerator<void> {
    const error = this.#block.left(thrown);
    this.#state = 'exiting';
    if (endsTheLoop(error)) this.#exit ??= error;
    if (error !== null && !this.#aborting) this.#abort();
    const whileWaiting = yield* this.#waitForAll();
    const cancellation = whileWaiting ?? (error instanceof CancelledError ? error : null);
    this.#throwWhatIsDue(error, cancellation);
  }

  /** Returns the cancellation from outside that came meanwhile, if any: it aborts the group like an error of the body. */
  *#waitForAll(): CoroutineGenerator<CancelledError | null> {
    let cancellation: CancelledError | null = null;
    while (this.#tasks.size > 0) {
      this.#allDone = this.#block.task.getLoop().createFuture();
      try {
        yield* this.#allDone;
      } catch (thrown) {
        // When the group is being cancelled already, there is nothing to do but to go on waiting.
        if (!this.#aborting) {
          cancellation = thrown as CancelledError; // nobody else settles that future
          this.#abort();
        }
      }
      this.#allDone = null;
    }
    return cancellation;
  }

  #throwWhatIsDue(error: unknown, cancellation: CancelledError | null): void {
    const errors = this.#errors;
    this.#errors = [];
    if (this.#exit !== null) throw this.#exit;
    const cancelledByOthers = !this.#parentCancelled || this.#block.uncancel() > 0;
    if (cancellation !== null && cancelledByOthers && errors.length === 0) throw cancellation;
    if (error !== null && !(error instanceof CancelledError)) errors.push(toError(error));
    if (errors.length === 0) return;
    // Whoever cancelled it shall be heard at the next await, though the errors come first.
    if (this.#block.cancelling() > 0) this.#block.cancelAgain();
    throw new ExceptionGroup('unhandled errors in a TaskGroup', errors, { cause: undefined });
  }

  #abort(): void {
    this.#aborting = true;
    // One that is done already would take it for a sign that nobody wants to know its exception.
    for (const task of this.#tasks) if (!task.done()) task.cancel();
  }

  #onTaskDone(task: Task<unknown>): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0 && this.#allDone?.done() === false) this.#allDone.setResult();
    const exception = task.cancelled() ? null : task.exception();
    if (exception === null) return;
    this.#errors.push(exception);
    if (endsTheLoop(exception)) this.#exit ??= exception;
    const parent = this.#block.task;
    if (parent.done()) {
      const message = `Task ${inspect(task)} has errored out but its parent task ${inspect(parent)} is already completed`;
      parent.getLoop().callExceptionHandler({ message, exception, task });
    } else if (!this.#aborting) {
      // The body may be waiting for something that would never come now.
      this.#abort();
      this.#parentCancelled = true;
      this.#block.cancel();
    }
  }
}
