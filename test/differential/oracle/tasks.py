"""Tasks and what coroutines do by themselves. The twin of interpret/tasks.ts."""

import asyncio
import types

from bodies import act, coroutine, make_error, perform, wait
from sources import REFUSED, make_source, source_rank


@act
def spawn(world, actor, s):
    task = world.loop.create_task(coroutine(world, s["body"]))
    world.rank(task)
    world.slots[s["slot"]] = task


@act
def spawn_eager(world, actor, s):
    task = asyncio.Task(coroutine(world, s["body"]), loop=world.loop, eager_start=True)
    world.rank(task)
    world.slots[s["slot"]] = task


@act
def uncancel(world, actor, s):
    task = world.future(s["slot"])
    return task.uncancel() if hasattr(task, "uncancel") else "nobody"


@act
def cancelling(world, actor, s):
    task = world.future(s["slot"])
    return task.cancelling() if hasattr(task, "cancelling") else "nobody"


@wait
async def await_(world, actor, s):
    if not world.may_await(source_rank(world, s["of"])):
        return REFUSED
    return await make_source(world, s["of"])


@wait
async def sleep(world, actor, s):
    return await asyncio.sleep(world.delay(s["delay"]), s["value"])


@types.coroutine
def _bare_yield():
    yield


@wait
async def bare_yield(world, actor, s):
    await _bare_yield()


CAUGHT = {"cancelled": asyncio.CancelledError, "error": Exception, "any": (Exception, asyncio.CancelledError)}


@wait
async def try_(world, actor, s):
    try:
        await perform(world, actor, s["body"])
    except CAUGHT[s["catches"]]:
        await perform(world, actor, s["handler"])
        if s["rethrows"]:
            raise
    finally:
        await perform(world, actor, s["cleanup"])
