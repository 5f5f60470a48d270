"""The oracle: reads one program a line (JSON), runs it on CPython's event loop, writes its trace as one line."""

import asyncio
import gc
import json
import logging
import math
import sys
import traceback
import warnings

import callbacks, combinators, futures, queues, synchronisation, task_groups, tasks, timeouts  # noqa: E401, F401
from bodies import coroutine, perform_acts
from virtual_loop import VirtualLoop
from world import World

GUARD = 100  # seconds; no run takes longer, the twin is in run-program.ts
LATE = 2 - 1 / 8192  # later than all moments, see grammar/moment.ts
ROUNDS_OF_CANCELLING = 4
RAISED = (Exception, asyncio.CancelledError, SystemExit)
PROGRAMS_BETWEEN_COLLECTIONS = 100


def run_program(program):
    loop = VirtualLoop()
    asyncio.set_event_loop(loop)
    world = World(loop)
    synchronisation.make_synchronisation(world, program["objects"])
    queues.make_queues(world, program["objects"])
    if program["eager"]:
        loop.set_task_factory(eager_task)
    for part in program["runs"]:
        try:
            perform_acts(world, "outside", part["before"])
        except RAISED as error:
            world.note("outside", "throws", error)
        run_part(world, part["main"])
    cancel_what_is_left(world, program["farewell"])
    world.finished = True
    loop.close()
    return world.trace


def number(name):
    return int(name.split("-")[1])


def eager_task(loop, coro, **options):
    options = {name: value for name, value in options.items() if value is not None}
    task = asyncio.eager_task_factory(loop, coro, **options)
    loop.names[task] = task.get_name()  # 3.13.0 will name it "None"
    return task


def run_part(world, main):
    loop = world.loop

    def stop():
        world.note("guard", "stops", None)
        loop.stop_at_barrier()

    guard = loop.call_later(GUARD, stop)
    try:
        if main is None:
            value = loop.run_forever()
        else:
            value = loop.run_until_complete(coroutine(world, main))
    except RAISED as error:
        value = error
    guard.cancel()
    world.note("run", "ends", value)


def cancel(task, message):
    task.cancel() if message is None else task.cancel(message)


def cancel_what_is_left(world, farewell):
    loop = world.loop
    for _ in range(ROUNDS_OF_CANCELLING):
        left = sorted(asyncio.all_tasks(loop), key=lambda task: number(loop.names.get(task) or task.get_name()))
        world.note("run", "cancels", len(left))
        if not left:
            break
        for position, task in enumerate(left):
            if farewell["apart"]:
                loop.call_at(math.floor(loop.time()) + position + LATE, cancel, task, farewell["message"])
            else:
                cancel(task, farewell["message"])
        loop.call_later(GUARD, loop.stop_at_barrier)
        try:
            loop.run_forever()
        except SystemExit as error:
            world.note("run", "ends", error)


def main():
    gc.disable()  # else it could end a suspended coroutine in the middle of a program
    warnings.simplefilter("ignore")
    logging.disable()
    for number, line in enumerate(sys.stdin):
        try:
            answer = {"trace": run_program(json.loads(line))}
        except BaseException:
            answer = {"crash": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
        if number % PROGRAMS_BETWEEN_COLLECTIONS == 0:
            gc.collect()


if __name__ == "__main__":
    main()
