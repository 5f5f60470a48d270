"""What can be awaited: named futures and tasks, coroutines, and combinations of them. The twin of interpret/sources.ts."""

import asyncio

from bodies import coroutine

REFUSED = "refused"


def make_source(world, source):
    kind = source["from"]
    if kind == "slot":
        return world.future(source["slot"])
    if kind == "coroutine":
        return coroutine(world, source["body"])
    if kind == "gather":
        parts = [make_source(world, part) for part in source["of"]]
        return asyncio.gather(*parts, return_exceptions=source["returnExceptions"])
    return _shield(make_future(world, source["of"]))


def _shield(inner):
    """As that of 3.14: once the outer future is done, the inner one has a callback still, to report its exception."""
    outer = asyncio.shield(inner)
    if outer is not inner:
        outer.add_done_callback(lambda _: None if inner.done() else inner.add_done_callback(lambda _: None))
    return outer


def make_future(world, source):
    return asyncio.ensure_future(make_source(world, source), loop=world.loop)


def source_rank(world, source):
    """The lowest rank of the tasks in it, see World.may_await()."""
    kind = source["from"]
    if kind == "slot":
        future = world.future(source["slot"])
        # Plain futures wait for nobody, so no circle goes through them.
        return float("inf") if source["slot"].startswith("f") else world.rank(future)
    if kind == "coroutine":
        return world.take_rank()
    parts = source["of"] if kind == "gather" else [source["of"]]
    return min([source_rank(world, part) for part in parts], default=float("inf"))
