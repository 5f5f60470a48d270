"""timeout(), timeout_at(), wait_for(). The twin of interpret/timeouts.ts."""

import asyncio

from bodies import act, perform, wait
from sources import REFUSED, make_source, source_rank


@wait
async def timeout(world, actor, s):
    block = asyncio.timeout(world.delay(s["delay"]))
    return await _run_block(world, actor, s, block)


@wait
async def timeout_at(world, actor, s):
    block = asyncio.timeout_at(world.when(s["when"]))
    return await _run_block(world, actor, s, block)


async def _run_block(world, actor, s, block):
    world.slots[s["slot"]] = block
    async with block:
        await perform(world, actor, s["body"])
    return "in time"


@act
def reschedule(world, actor, s):
    block = world.slots.get(s["slot"])
    if block is None:
        return "nobody"
    delay = world.delay(s["delay"])
    block.reschedule(None if delay is None else world.loop.time() + delay)


@act
def look_at_timeout(world, actor, s):
    block = world.slots.get(s["slot"])
    if block is None:
        return "nobody"
    return [block.when(), block.expired()]


@wait
async def wait_for(world, actor, s):
    if not world.may_await(source_rank(world, s["of"])):
        return REFUSED
    return await asyncio.wait_for(make_source(world, s["of"]), world.delay(s["timeout"]))
