"""Queue, PriorityQueue, LifoQueue. The twin of interpret/queues.ts."""

import asyncio

from bodies import act, wait

KINDS = {"fifo": asyncio.Queue, "priority": asyncio.PriorityQueue, "lifo": asyncio.LifoQueue}


def make_queues(world, objects):
    world.slots["q0"] = KINDS[objects["queue"]](objects["maxsize"])


@wait
async def put(world, actor, s):
    await world.slots["q0"].put(s["value"])


@act
def put_nowait(world, actor, s):
    world.slots["q0"].put_nowait(s["value"])


@wait
async def get(world, actor, s):
    return await world.slots["q0"].get()


@act
def get_nowait(world, actor, s):
    return world.slots["q0"].get_nowait()


@wait
async def join(world, actor, s):
    await world.slots["q0"].join()


@act
def task_done(world, actor, s):
    world.slots["q0"].task_done()


@act
def shutdown(world, actor, s):
    world.slots["q0"].shutdown(immediate=s["immediate"])


@act
def look_at_queue(world, actor, s):
    queue = world.slots["q0"]
    return [queue.qsize(), queue.empty(), queue.full()]
