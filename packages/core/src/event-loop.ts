import { inspect } from 'node:util';
import { Asyncgens } from './asyncgens.js';
import type { Awaitable } from './awaitable.js';
import { checkCallback, checkTime } from './check-callback.js';
import { captureContext } from './context.js';
import type { Coroutine } from './coroutine.js';
import { LoopStateError, typeError } from './errors.js';
import {
  callExceptionHandler,
  defaultExceptionHandler,
  type ExceptionContext,
  type ExceptionHandler,
} from './exception-handler.js';
import type { Executor } from './ports/executor.js';
import { awaitableOf } from './follow-promise.js';
import { Future } from './future.js';
import { Handle } from './handle.js';
import type { Host } from './ports/host.js';
import type { Inbox, OpenInbox } from './ports/inbox.js';
import { NodeHost } from './ports/node-host.js';
import { type Ready, ReadyQueue } from './ready-queue.js';
import { DefaultExecutor } from './default-executor.js';
import {
  ASYNCGENS,
  END_RUN,
  ENQUEUE,
  MAIN,
  NEXT_DEADLINE,
  OUTSIDE,
  RESOURCES,
  SEAL_INBOX,
  STOP_AFTER_BATCH,
  type StopFunction,
  stopFunction,
  TASKS,
  THEN,
  UNRETRIEVED,
} from './loop-internals.js';
import { OutsideWork } from './outside-work.js';
import { promiseWithResolvers, type PromiseWithResolvers } from './promise-with-resolvers.js';
import { type Owned, type Resource, Resources } from './resources.js';
import { peekRunningLoop, setRunningLoop } from './running-loop.js';
import { SlowCallbacks } from './debug/slow-callbacks.js';
import { runInExecutor } from './run-in-executor.js';
import { reportLeftovers } from './debug/report-leftovers.js';
import { reportResources } from './debug/report-resources.js';
import { runUntilComplete } from './run-until-complete.js';
import { Stopping } from './stopping.js';
import { Task, type TaskOptions } from './task.js';
import { checkTaskFactory, type TaskFactory } from './task-factory.js';
import { TaskRegistry } from './task-registry.js';
import { type OnFulfilled, type OnRejected, Then } from './then.js';
import { TimerHandle } from './timer-handle.js';
import { TimerHeap } from './timer-heap.js';
import { Turn } from './turn.js';
import { listenForCancellations, stopListeningForCancellations } from './unhandled-cancellations.js';
import { Unretrieved } from './debug/unretrieved.js';

/** Options of a loop. */
export interface LoopOptions {
  /** Shown in messages and inspect output. */
  readonly name?: string;
  /**
   * What still runs after `stop()`. 'barrier', the default: what was scheduled before it, as asyncio's documentation
   * promised when it was new. 'batch': what the present iteration began with, as CPython does since 3.4.4.
   */
  readonly stopMode?: 'barrier' | 'batch';
  /** Debug mode. By default it is on if the environment variable RINGLOOP_DEBUG is set and not empty. */
  readonly debug?: boolean;
}

/** The ports of a loop. The umbrella package fills these in. Tests provide their own. */
export interface LoopPorts extends LoopOptions {
  readonly host?: Host;
  readonly openInbox?: OpenInbox;
  /** Makes the default executor, at its first use. */
  readonly createExecutor?: () => Executor;
}

type LoopState = 'idle' | 'running' | 'closed';

/**
 * The event loop without sockets and threads. It is a guest of its thread's libuv loop, and a host gives it its turns.
 * The ready queue, the timers and the order of an iteration are its own. Python: asyncio.BaseEventLoop.
 * (The file is long because asyncio's loop has many methods. What they do is in other files: the iteration is in
 * turn.ts.)
 */
export class BaseEventLoop {
  readonly name: string;
  /** Debug mode reports what takes this long or longer, in seconds. Python: loop.slow_callback_duration. */
  slowCallbackDuration = 0.1;
  readonly #host: Host;
  readonly #ready = new ReadyQueue();
  readonly #timers = new TimerHeap<TimerHandle>();
  readonly #inbox: Inbox | null;
  readonly #executor: DefaultExecutor;
  readonly #stopMode: 'barrier' | 'batch';
  /** Tasks of this loop that are not done. */
  readonly #tasks = new TaskRegistry<Task<unknown>>();
  readonly #unretrieved = new Unretrieved(this);
  readonly #slowCallbacks = new SlowCallbacks(this);
  #taskFactory: TaskFactory | null = null;
  #state: LoopState = 'idle';
  #exceptionHandler: ExceptionHandler | null = null;

  readonly #stopping = new Stopping();
  readonly #turn: Turn;
  /** The result of the current run. Null: the loop does not run. */
  #outcome: PromiseWithResolvers<void> | null = null;

  constructor(ports: LoopPorts = {}) {
    this.name = ports.name ?? 'loop';
    const debug = ports.debug ?? (process.env.RINGLOOP_DEBUG ?? '') !== '';
    this.#stopMode = checkStopMode(ports.stopMode ?? 'barrier');
    this.#host = ports.host ?? new NodeHost();
    this.#executor = new DefaultExecutor(ports.createExecutor ?? null);
    this.#turn = new Turn(
      {
        host: this.#host,
        ready: this.#ready,
        timers: this.#timers,
        stopping: this.#stopping,
        slowCallbacks: this.#slowCallbacks,
        pollEvents: () => this.pollEvents(),
        isRunning: () => this.#state === 'running',
        finish: (exc) => this.#finish(exc),
      },
      debug,
    );
    this[RESOURCES].addKeeper(() => this.#resources());
    const owner = {
      loop: this,
      addReady: (entry: Ready) => this.addReady(entry),
      putBack: (entry: Ready) => this.#turn.putBack(entry),
      mayGoOn: () => this.#turn.mayGoOn(),
      wake: () => this.eventsReady(),
    };
    this.#inbox = this.#turn.inbox = ports.openInbox?.(owner) ?? null;
  }

  /**
   * Runs until `stop()` is called. Python: loop.run_forever().
   * Rejects with LoopStateError when the loop is closed or running or another loop runs in this thread, and with
   * SystemExit or KeyboardInterrupt when a callback throws one; the loop can be run again after that.
   */
  async runForever(): Promise<void> {
    this.checkRunnable();
    this.started(); // first: if this throws, nothing has begun
    this.#outcome = promiseWithResolvers();
    this.#state = 'running';
    setRunningLoop(this);
    listenForCancellations();
    this.#turn.begin();
    return this.#outcome.promise;
  }

  /**
   * Runs until the future is done, and resolves or rejects as the future does. A coroutine becomes a task first.
   * Python: loop.run_until_complete(). Rejects as `runForever()` does, with TypeError when it is given something else,
   * and with LoopStateError ERR_LOOP_STOPPED when the loop is stopped before the future is done.
   */
  runUntilComplete<T>(future: Future<T> | Coroutine<T> | PromiseLike<T>): Promise<T> {
    return runUntilComplete(this, future);
  }

  /** Python: loop.is_running(). */
  isRunning(): boolean {
    return this.#state === 'running';
  }

  /** Python: loop.is_closed(). */
  isClosed(): boolean {
    return this.#state === 'closed';
  }

  /**
   * Stops the loop: every callback that was scheduled before this call still runs, and callbacks that are scheduled
   * after it wait for the next run. Until the loop has stopped, further calls change nothing. It is a property because
   * `loop.callSoon(loop.stop)` is the usual idiom. `ref.callSoonThreadsafe(loop.stop)` stops the loop that `ref` stands
   * for. Python: loop.stop().
   */
  readonly stop: StopFunction = stopFunction(() => {
    if (this.#stopMode === 'batch') this.#stopping.stopAfterBatch();
    else this.#stopping.stopAt(this.#ready.tail);
    if (this.#state === 'running') this.#turn.comeAround();
  });

  /**
   * Closes the loop. The queues are emptied, and what is in them does not run. The executor accepts no more calls. It
   * can be called again, but not undone. Transports, servers and processes that are still open are reported, see
   * `resources()`. Python: loop.close().
   * @throws {LoopStateError} ERR_LOOP_RUNNING while the loop runs
   */
  close(): void {
    if (this.#state === 'running') {
      throw new LoopStateError('Cannot close a running event loop', 'ERR_LOOP_RUNNING');
    }
    if (this.#state === 'closed') return;
    reportResources(this);
    this.#state = 'closed';
    this.#inbox?.close();
    this.#ready.clear();
    this.#timers.clear();
    this.#executor.abandon();
    reportLeftovers(this);
  }

  /** Seconds of the loop's monotonic clock, which all loops of the process share. Python: loop.time(). */
  time(): number {
    return this.#host.time();
  }

  /**
   * Calls `callback(...args)` in the next iteration, in the order of registration. Python: loop.call_soon().
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   * @throws {TypeError} when `callback` is not a function, or is an async or generator function
   */
  callSoon<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoon');
    this.checkClosed();
    // A call from another thread comes first if it had returned before this call began.
    if (this.#inbox?.signalled === true) this.#inbox.drain();
    const handle = new Handle(callback, args, this);
    this.addReady(handle);
    return handle;
  }

  /**
   * On the loop's own thread this is the same as `callSoon()`. Other threads call through a LoopRef. Python:
   * loop.call_soon_threadsafe().
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   * @throws {TypeError} as `callSoon()` does
   */
  callSoonThreadsafe<A extends unknown[]>(callback: (...args: A) => unknown, ...args: A): Handle {
    checkCallback(callback, 'callSoonThreadsafe');
    return this.callSoon(callback, ...args);
  }

  /**
   * Calls `callback(...args)` in `delay` seconds, never earlier. With a negative delay it is due at once. Python:
   * loop.call_later().
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   * @throws {TypeError} when `delay` is not a number or is NaN, or when `callback` is not a function, or is an async or
   * generator function
   */
  callLater<A extends unknown[]>(delay: number, callback: (...args: A) => unknown, ...args: A): TimerHandle {
    checkTime(delay, 'delay');
    return this.callAt(this.time() + delay, callback, ...args);
  }

  /**
   * Calls `callback(...args)` at `when`, in seconds of `time()`. Callbacks of equal times run in the order in which
   * they were scheduled. Python: loop.call_at().
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   * @throws {TypeError} when `when` is not a number or is NaN, or when `callback` is not a function, or is an async or
   * generator function
   */
  callAt<A extends unknown[]>(when: number, callback: (...args: A) => unknown, ...args: A): TimerHandle {
    checkTime(when, 'when');
    checkCallback(callback, 'callAt');
    this.checkClosed();
    const handle = new TimerHandle(when, callback, args, this, captureContext(), this.#timers);
    this.#timers.push(handle);
    if (!this.#turn.isComing) this.#host.sleepUntil(this.#timers.nextDeadline());
    return handle;
  }

  /** Creates a future of this loop. Python: loop.create_future(). */
  createFuture<T>(): Future<T> {
    return new Future<T>(this);
  }

  /**
   * Runs a coroutine as a task, which starts in the next iteration. Python: loop.create_task().
   * @throws {LoopStateError} ERR_LOOP_CLOSED
   * @throws {TypeError} unless `coroutine` is an async or generator function, a generator, or a promise
   */
  createTask<T>(coroutine: Coroutine<T> | PromiseLike<T>, options: TaskOptions = {}): Task<T> {
    this.checkClosed();
    return this.#taskFactory === null
      ? new Task(coroutine, this, options)
      : this.#taskFactory(this, coroutine, options);
  }

  /**
   * Sets the function that makes the tasks of `createTask()`. Null restores the default. Python:
   * loop.set_task_factory().
   * @throws {TypeError} when `factory` is neither a function nor null
   */
  setTaskFactory(factory: TaskFactory | null): void {
    checkTaskFactory(factory);
    this.#taskFactory = factory;
  }

  /** Python: loop.get_task_factory(). */
  getTaskFactory(): TaskFactory | null {
    return this.#taskFactory;
  }

  /**
   * Runs `fn(...args)` in an executor (null: the default one) and resolves with its result. Cancelling the future
   * withdraws a call that has not started. A call that runs is left alone, and its result is dropped. Python:
   * loop.run_in_executor().
   * @throws {LoopStateError} ERR_LOOP_CLOSED, ERR_EXECUTOR_SHUTDOWN
   * @throws {TypeError} when the executor cannot run `fn`
   */
  runInExecutor<A extends unknown[], R>(
    executor: Executor | null,
    fn: (...args: A) => R,
    ...args: A
  ): Future<Awaited<R>> {
    this.checkClosed();
    return runInExecutor(this, executor ?? this.#executor.get(), fn, args);
  }

  /**
   * Sets the executor that `runInExecutor(null, …)` uses. Python: loop.set_default_executor().
   * @throws {TypeError} when `executor` has no submit()
   */
  setDefaultExecutor(executor: Executor): void {
    this.#executor.set(executor);
  }

  /**
   * Shuts the default executor down: it finishes its calls and ends its threads. After `timeout` seconds (by default
   * never) this warns and ends the threads anyway. Python: loop.shutdown_default_executor().
   */
  shutdownDefaultExecutor({ timeout = null }: { readonly timeout?: number | null } = {}): Awaitable<void> {
    return awaitableOf(this.#executor.shutdown(timeout));
  }

  /**
   * Closes the asynchronous generators that were passed to `aclosing()` in this loop. Python:
   * loop.shutdown_asyncgens().
   */
  shutdownAsyncgens(): Awaitable<void> {
    return awaitableOf(this[ASYNCGENS].shutdown());
  }

  /**
   * Sets the exception handler. Null restores the default one. Python: loop.set_exception_handler().
   * @throws {TypeError} when `handler` is neither a function nor null
   */
  setExceptionHandler(handler: ExceptionHandler | null): void {
    if (handler !== null && typeof handler !== 'function') {
      throw typeError(`A callable object or null is expected, got ${inspect(handler)}`);
    }
    this.#exceptionHandler = handler;
  }

  /** Python: loop.get_exception_handler(). */
  getExceptionHandler(): ExceptionHandler | null {
    return this.#exceptionHandler;
  }

  /**
   * Prints `context` on standard error. In debug mode it adds where the running handle was created. Python:
   * loop.default_exception_handler().
   */
  defaultExceptionHandler(context: ExceptionContext): void {
    const { sourceTraceback: handleTraceback } = (this.#slowCallbacks.current ?? {}) as {
      sourceTraceback?: string;
    };
    const traced = context.sourceTraceback !== undefined || handleTraceback === undefined;
    defaultExceptionHandler(traced ? context : { ...context, handleTraceback });
  }

  /** Reports an error that nobody can catch. Never throws. Python: loop.call_exception_handler(). */
  callExceptionHandler(context: ExceptionContext): void {
    callExceptionHandler(this, this.#exceptionHandler, context);
  }

  /** Python: loop.get_debug(). */
  getDebug(): boolean {
    return this.#turn.debug;
  }

  /** Python: loop.set_debug(). */
  setDebug(enabled: boolean): void {
    this.#turn.debug = enabled;
  }

  /**
   * Lists what the loop owns at this moment: tasks that are not done, timers, the default executor and, if the loop has
   * them, transports, servers, processes, connection attempts, watched descriptors, exposed objects and signal handlers.
   * In debug mode each says where it was made.
   *
   * A loop that is closed while it owns transports, servers or processes reports them in one ResourceWarning
   * RINGLOOP_OPEN_RESOURCES, as CPython does for transports. The others end with the loop, so only debug mode reports
   * them as well. An empty list is what remains of a closed loop. Python has no counterpart.
   */
  resources(): Resource[] {
    return this[RESOURCES].list();
  }

  /** As `util.inspect()` and `console.log()` show it. */
  [inspect.custom](): string {
    const { constructor, name } = this;
    return `<${constructor.name} ${name} running=${this.isRunning()} closed=${this.isClosed()} debug=${this.#turn.debug}>`;
  }

  // The members below are for the packages that extend the loop. Users import none of them.

  /** The tasks of this loop that are not done. @internal */
  get [TASKS](): TaskRegistry<Task<unknown>> {
    return this.#tasks;
  }

  /** @internal */
  readonly [RESOURCES] = new Resources();
  /** @internal */
  [MAIN]: Future<unknown> | null = null;
  /** @internal */
  readonly [OUTSIDE] = new OutsideWork();
  /** @internal */
  readonly [ASYNCGENS] = new Asyncgens(this);

  /** The failed futures of this loop whose exception nobody has retrieved. @internal */
  get [UNRETRIEVED](): Unretrieved {
    return this.#unretrieved;
  }

  /** @internal */
  [NEXT_DEADLINE](): number {
    return this.#timers.nextDeadline();
  }

  /** The future that `future.then()` returns. @internal */
  [THEN]<T, R1, R2>(
    future: Future<T>,
    onFulfilled: OnFulfilled<T, R1>,
    onRejected: OnRejected<R2>,
  ): Promise<R1 | R2> {
    return new Then<T, R1 | R2>(future, onFulfilled, onRejected);
  }

  /** Queues `entry` behind all entries that are ready, including calls from other threads. @internal */
  [ENQUEUE](entry: Ready): void {
    this.checkClosed();
    if (this.#inbox?.signalled === true) this.#inbox.drain();
    this.addReady(entry);
  }

  /** Ends the run after the current batch. For runUntilComplete(), whose callers count iterations. @internal */
  [STOP_AFTER_BATCH](): void {
    this.#stopping.stopAfterBatch();
    if (this.#state === 'running') this.#turn.comeAround();
  }

  /** Accepts no more calls from other threads, and waits until the accepted calls have run. */
  async [SEAL_INBOX](): Promise<void> {
    await this.#inbox?.seal();
  }

  /** Ends the run with an error, from outside a callback. @internal */
  [END_RUN](exc: Error): void {
    if (this.#state === 'running') this.#turn.end(exc);
  }

  /** @throws {LoopStateError} unless the loop can be run now */
  checkRunnable(): void {
    this.checkClosed();
    if (this.#state === 'running') {
      throw new LoopStateError('This event loop is already running', 'ERR_LOOP_RUNNING');
    }
    if (peekRunningLoop() !== null) {
      throw new LoopStateError(
        'Cannot run the event loop while another loop is running',
        'ERR_OTHER_LOOP_RUNNING',
      );
    }
  }

  /** @throws {LoopStateError} ERR_LOOP_CLOSED */
  protected checkClosed(): void {
    if (this.#state === 'closed') throw new LoopStateError('Event loop is closed', 'ERR_LOOP_CLOSED');
  }

  /** Hook: called when the loop is about to run. If it throws, the run rejects with that error. */
  protected started(): void {
    // a loop with a selector starts polling here
  }

  /** Hook: called when the loop has stopped running, for whatever reason. */
  protected stopped(): void {
    // a loop with a selector stops polling here
  }

  /** Hook: whether the loop waits for events of descriptors. */
  watchesDescriptors(): boolean {
    return false;
  }

  /** Hook: called once in each iteration, before due timers. Queues the handles of I/O events with `addReady()`. */
  protected pollEvents(): void {
    // a loop with a selector collects its events here
  }

  protected addReady(entry: Ready): void {
    this.#ready.push(entry);
    this.#turn.comeAround();
  }

  /** Takes a turn now, because something from outside is ready. Does nothing while the loop is not running. */
  protected eventsReady(): void {
    if (this.#state !== 'running') return;
    this.#host.polled?.();
    this.#turn.take();
  }

  *#resources(): Generator<Owned> {
    for (const task of this.#tasks)
      yield { kind: 'task', shown: task, sourceTraceback: task.sourceTraceback };
    for (const timer of this.#timers.live()) {
      yield { kind: 'timer', shown: timer, sourceTraceback: timer.sourceTraceback };
    }
    const executor = this.#executor.peek();
    if (executor !== null) yield { kind: 'executor', shown: executor, sourceTraceback: undefined };
  }

  #finish(exc: Error | null): void {
    this.#state = 'idle';
    this.#stopping.reset();
    this.#turn.over();
    // Calls that have arrived wait for the next run. Until then, nobody tries to wake this loop.
    this.#inbox?.drain();
    this.#host.stop();
    setRunningLoop(null);
    stopListeningForCancellations();
    this.stopped();
    const outcome = this.#outcome;
    this.#outcome = null;
    if (exc === null) outcome?.resolve();
    else outcome?.reject(exc);
  }
}

function checkStopMode(mode: unknown): 'barrier' | 'batch' {
  if (mode === 'barrier' || mode === 'batch') return mode;
  throw typeError(`stopMode must be 'barrier' or 'batch', got ${inspect(mode)}`, 'ERR_INVALID_ARG_VALUE');
}
