"""gather and shield kept by name, wait, as_completed. The twin of interpret/combinators.ts."""

import asyncio

from bodies import act, wait
from show import show_state
from sources import REFUSED, make_future, source_rank

RETURN_WHEN = {
    "all": asyncio.ALL_COMPLETED,
    "first": asyncio.FIRST_COMPLETED,
    "exception": asyncio.FIRST_EXCEPTION,
}


@act
def keep(world, actor, s):
    if not world.loop.is_running():
        return "no loop"
    rank = source_rank(world, s["of"])
    future = make_future(world, s["of"])
    world.set_rank(future, min(rank, world.take_rank()))
    world.slots[s["slot"]] = future


@wait
async def wait_for_all(world, actor, s):
    if not all([world.may_await(source_rank(world, part)) for part in s["of"]]):
        return REFUSED
    futures = [make_future(world, part) for part in s["of"]]
    done, pending = await asyncio.wait(futures, timeout=world.delay(s["timeout"]), return_when=RETURN_WHEN[s["until"]])
    return " ".join("done" if future in done else "pending" for future in futures)


def _completable(world, s):
    if not all([world.may_await(source_rank(world, part)) for part in s["of"]]):
        return None
    futures = [make_future(world, part) for part in s["of"]]
    # CPython takes those that are done already in the order of a set, that is in none: so one of them is enough.
    done = next((future for future in futures if future.done()), None)
    return [future for future in futures if not future.done() or future is done]


@wait
async def as_completed(world, actor, s):
    futures = _completable(world, s)
    if futures is None:
        return REFUSED
    for next_done in asyncio.as_completed(futures, timeout=world.delay(s["timeout"])):
        try:
            value = await next_done
        except Exception as error:
            value = error
        world.note(actor, "next completed", value)


@wait
async def each_completed(world, actor, s):
    futures = _completable(world, s)
    if futures is None:
        return REFUSED
    async for future in asyncio.as_completed(futures, timeout=world.delay(s["timeout"])):
        world.note(actor, "next is", [futures.index(future), show_state(future)])
