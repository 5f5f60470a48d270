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
 * Tasks that end together: the block that `run()` runs is not left before all of them are done. When a task fails or
 * the block throws, the other tasks are cancelled, and the errors are thrown as one ExceptionGroup. A group can be used
 * for one block only. Python: asyncio.TaskGroup.
 */
export class TaskGroup {
  #state: GroupState = 'created';
  #block!: Block; // set by #enter(), and never read before
  readonly #tasks = new Set<Task<unknown>>();
  /** All tasks have been cancelled, and no more can be added. */
  #aborting = false;
  /** This group has cancelled its parent, and must take that cancel() back. */
  #parentCancelled = false;
  #errors: Error[] = [];
  /** A SystemExit or KeyboardInterrupt. It is thrown as it is, not within an ExceptionGroup. */
  #exit: Error | null = null;
  /** Settled when the last task is done. The end of the block waits for it. */
  #allDone: Future<void> | null = null;

  /**
   * Runs `body`, an async function or a generator function, as part of the current task. Waits for the tasks that it
   * created in the group, then gives the result of `body`. Python: `async with TaskGroup() as group:`. Rejects with
   * - ExceptionGroup 'unhandled errors in a TaskGroup' that holds what tasks and body threw, except CancelledErrors;
   * - SystemExit or KeyboardInterrupt, not wrapped in a group;
   * - CancelledError when somebody else cancels the current task, and no task failed meanwhile;
   * - InvalidStateError outside of a task, or when the group has been entered before.
   *
   * When a task fails, the body is cancelled at its await. An await of a native promise cannot be interrupted: pass the
   * AbortSignal that the body gets as its second argument to the function that makes the promise.
   * @throws {TypeError} when `body` is not a function
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
   * As `loop.createTask()`, for a task of this group. Tasks of the group may create further tasks.
   * Python: TaskGroup.create_task().
   * @throws {InvalidStateError} before the block is entered, after all tasks have ended at the end of the block, and
   *   while the group cancels its tasks
   * @throws {TypeError} when `coroutine` is not a coroutine
   */
  createTask<T>(coroutine: Coroutine<T> | PromiseLike<T>, options: TaskOptions = {}): Task<T> {
    const refusal = this.#refusal();
    if (refusal !== null) {
      if (isGenerator(coroutine)) coroutine.return(undefined as never); // nobody will run it, so close it
      throw new InvalidStateError(`TaskGroup ${inspect(this)} ${refusal}`);
    }
    const task = this.#block.task.getLoop().createTask(coroutine, options);
    // An eager task may have failed already. It still cancels the group through its done callback, like any other task.
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

  /**
   * Waits for all tasks. Returns the cancellation from outside that came meanwhile, if any. Such a cancellation aborts
   * the group like an error of the body.
   */
  *#waitForAll(): CoroutineGenerator<CancelledError | null> {
    let cancellation: CancelledError | null = null;
    while (this.#tasks.size > 0) {
      this.#allDone = this.#block.task.getLoop().createFuture();
      try {
        yield* this.#allDone;
      } catch (thrown) {
        // If the group is already being cancelled, it can only keep waiting.
        if (!this.#aborting) {
          cancellation = thrown as CancelledError; // only a cancellation fails that future
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
    // The errors are thrown first. Cancel again, so that the next await throws the cancellation from outside.
    if (this.#block.cancelling() > 0) this.#block.cancelAgain();
    throw new ExceptionGroup('unhandled errors in a TaskGroup', errors, { cause: undefined });
  }

  #abort(): void {
    this.#aborting = true;
    // Skip tasks that are done: cancel() would mark their exception as retrieved.
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
      // Cancel the body too: it may be waiting for something that will never come now.
      this.#abort();
      this.#parentCancelled = true;
      this.#block.cancel();
    }
  }
}
