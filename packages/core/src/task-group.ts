import { inspect } from 'node:util';
import { currentTask } from './all-tasks.js';
import type { Awaitable } from './awaitable.js';
import { Block, type BlockBody } from './block.js';
import type { Coroutine } from './coroutine.js';
import { CancelledError, endsTheLoop, ExceptionGroup, InvalidStateError, toError } from './errors.js';
import type { BaseEventLoop } from './event-loop.js';
import type { Future } from './future.js';
import { type CoroutineGenerator, isGenerator } from './generator-driver.js';
import { getRunningLoop } from './running-loop.js';
import { runScoped } from './scope.js';
import type { Task, TaskOptions } from './task.js';

/** What a group has while and after its block runs. */
interface Entered {
  readonly loop: BaseEventLoop;
  readonly parent: Task<unknown>;
  readonly block: Block;
}

type GroupState = 'created' | 'entered' | 'exiting';

/**
 * Tasks that end together: the block that `run()` runs is not left before all of them are done. When one fails, or the block
 * throws, the others are cancelled, and the errors are thrown as one ExceptionGroup. Good for one block.
 * Python: asyncio.TaskGroup.
 */
export class TaskGroup {
  #state: GroupState = 'created';
  #entered!: Entered; // set when the block is entered; nothing asks for it before
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
    const block = new Block();
    return runScoped(
      () => this.#enter(block),
      block.bind(body),
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
    const entered = this.#entered;
    const task = entered.loop.createTask(coroutine, options);
    // An eager one may have failed already, but its caller is cancelled no earlier for that.
    this.#tasks.add(task);
    task.addDoneCallback(() => this.#onTaskDone(task, entered));
    return task;
  }

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

  #enter(block: Block): this {
    if (this.#state !== 'created') {
      throw new InvalidStateError(`TaskGroup ${inspect(this)} has already been entered`);
    }
    const loop = getRunningLoop();
    const parent = currentTask(loop);
    if (parent === null) {
      throw new InvalidStateError(`TaskGroup ${inspect(this)} cannot determine the parent task`);
    }
    this.#entered = { loop, parent, block };
    block.enter(parent);
    this.#state = 'entered';
    return this;
  }

  *#leave(thrown: unknown): CoroutineGenerator<void> {
    const { loop, parent, block } = this.#entered;
    const error = block.leave(thrown);
    this.#state = 'exiting';
    if (endsTheLoop(error)) this.#exit ??= error;
    if (error !== null && !this.#aborting) this.#abort();
    const whileWaiting = yield* this.#waitForAll(loop);
    const cancellation = whileWaiting ?? (error instanceof CancelledError ? error : null);
    this.#throwWhatIsDue(error, cancellation, parent);
  }

  /** Returns the cancellation from outside that came meanwhile, if any: it aborts the group like an error of the body. */
  *#waitForAll(loop: BaseEventLoop): CoroutineGenerator<CancelledError | null> {
    let cancellation: CancelledError | null = null;
    while (this.#tasks.size > 0) {
      this.#allDone = loop.createFuture();
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

  #throwWhatIsDue(error: unknown, cancellation: CancelledError | null, parent: Task<unknown>): void {
    const errors = this.#errors;
    this.#errors = [];
    if (this.#exit !== null) throw this.#exit;
    const cancelledByOthers = !this.#parentCancelled || parent.uncancel() > 0;
    if (cancellation !== null && cancelledByOthers && errors.length === 0) throw cancellation;
    if (error !== null && !(error instanceof CancelledError)) errors.push(toError(error));
    if (errors.length === 0) return;
    if (parent.cancelling() > 0) {
      // Whoever cancelled it shall be heard at the next await, though the errors come first.
      parent.uncancel();
      parent.cancel();
    }
    throw new ExceptionGroup('unhandled errors in a TaskGroup', errors, { cause: undefined });
  }

  #abort(): void {
    this.#aborting = true;
    for (const task of this.#tasks) task.cancel(); // of one that is done this does nothing
  }

  #onTaskDone(task: Task<unknown>, { loop, parent, block }: Entered): void {
    this.#tasks.delete(task);
    if (this.#tasks.size === 0 && this.#allDone?.done() === false) this.#allDone.setResult();
    const exception = task.cancelled() ? null : task.exception();
    if (exception === null) return;
    this.#errors.push(exception);
    if (endsTheLoop(exception)) this.#exit ??= exception;
    if (parent.done()) {
      const message = `Task ${inspect(task)} has errored out but its parent task ${inspect(parent)} is already completed`;
      loop.callExceptionHandler({ message, exception, task });
    } else if (!this.#aborting) {
      // The body may be waiting for something that would never come now.
      this.#abort();
      this.#parentCancelled = true;
      block.cancel();
    }
  }
}
