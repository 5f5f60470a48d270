"""What pending things weigh in asyncio and uvloop, by tracemalloc: the same things as in core/memory/*.ts."""

import asyncio
import gc
import tracemalloc

from workloads import random_delays

AT_REST = 0.2


def callback(*_):
    pass


def callbacks(loop, items, held):
    for _ in range(items):
        loop.call_soon(callback)


def timers(loop, items, held):
    for i, delay in enumerate(random_delays(items)):
        held[i] = loop.call_later(delay, callback)


def tasks(loop, items, held):
    gate = loop.create_future()

    async def wait():
        await gate

    for i in range(items):
        held[i] = loop.create_task(wait())


def futures(loop, items, held):
    for i in range(items):
        held[i] = loop.create_future()
        held[i].add_done_callback(callback)


HOLDINGS = {
    "call-soon": (callbacks, "at once"),
    "timer": (timers, "at once"),
    "task": (tasks, "at rest"),
    "future": (futures, "at once"),
}


def bytes_each(loop, holding, items):
    fill, when = holding
    held = [None] * items
    before = after = 0

    def weigh():
        nonlocal after
        after = traced()
        loop.stop()

    def work():
        nonlocal before
        before = traced()
        fill(loop, items, held)
        if when == "at once":
            weigh()
        else:
            loop.call_later(AT_REST, weigh)

    tracemalloc.start()
    loop.call_soon(work)
    loop.run_forever()
    tracemalloc.stop()
    end(loop, held)
    return (after - before) / items


def traced():
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def end(loop, held):
    """Leaves nothing behind: no task that is destroyed while it waits, no timer."""
    for thing in held:
        if thing is not None:
            thing.cancel()
    for _ in range(3):  # what is cancelled runs, and then what waits for it
        loop.call_soon(loop.stop)
        loop.run_forever()
    loop.close()
