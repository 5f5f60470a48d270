"""Lock, Event, Condition, Semaphore, BoundedSemaphore, Barrier. The twin of interpret/synchronisation.ts."""

import asyncio

from bodies import act, perform, wait


def make_synchronisation(world, objects):
    world.slots["l0"] = asyncio.Lock()
    world.slots["e0"] = asyncio.Event()
    world.slots["c0"] = asyncio.Condition()
    make = asyncio.BoundedSemaphore if objects["bounded"] else asyncio.Semaphore
    world.slots["s0"] = make(objects["permits"])
    if hasattr(asyncio, "Barrier"):
        world.slots["b0"] = asyncio.Barrier(objects["parties"])


@wait
async def with_(world, actor, s):
    async with world.slots[s["slot"]]:
        await perform(world, actor, s["body"])


@wait
async def acquire(world, actor, s):
    return await world.slots[s["slot"]].acquire()


@act
def release(world, actor, s):
    world.slots[s["slot"]].release()


@act
def locked(world, actor, s):
    return world.slots[s["slot"]].locked()


@wait
async def wait_event(world, actor, s):
    return await world.slots["e0"].wait()


@act
def set_event(world, actor, s):
    world.slots["e0"].set()


@act
def clear_event(world, actor, s):
    world.slots["e0"].clear()


@wait
async def wait_condition(world, actor, s):
    return await world.slots["c0"].wait()


@wait
async def wait_condition_for(world, actor, s):
    return await world.slots["c0"].wait_for(lambda: world.bumps >= s["bumps"])


@act
def bump(world, actor, s):
    world.bumps += 1
    return world.bumps


@act
def notify(world, actor, s):
    world.slots["c0"].notify(s["count"])


@act
def notify_all(world, actor, s):
    world.slots["c0"].notify_all()


@wait
async def wait_barrier(world, actor, s):
    return await world.slots["b0"].wait()


@wait
async def reset_barrier(world, actor, s):
    await world.slots["b0"].reset()


@wait
async def abort_barrier(world, actor, s):
    await world.slots["b0"].abort()


@act
def look_at_barrier(world, actor, s):
    return [world.slots["b0"].n_waiting, world.slots["b0"].broken]
