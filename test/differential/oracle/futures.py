"""Futures and their callbacks; tasks are futures too. The twin of interpret/futures.ts."""

from bodies import act, callback
from show import Boom, show_state


@act
def set_result(world, actor, s):
    world.future(s["slot"]).set_result(s["value"])


@act
def set_exception(world, actor, s):
    world.future(s["slot"]).set_exception(Boom(s["message"]))


@act
def cancel(world, actor, s):
    future = world.future(s["slot"])
    if future is None:
        return "nobody"
    return future.cancel() if s["message"] is None else future.cancel(s["message"])


@act
def renew(world, actor, s):
    world.slots[s["slot"]] = world.loop.create_future()


@act
def look_at(world, actor, s):
    future = world.future(s["slot"])
    return "nobody" if future is None else show_state(future)


@act
def add_callback(world, actor, s):
    future = world.future(s["slot"])
    run = callback(world, s["body"])
    world.done_callbacks[s["name"]] = run
    future.add_done_callback(run)


@act
def remove_callback(world, actor, s):
    future = world.future(s["slot"])
    return future.remove_done_callback(world.done_callbacks.get(s["name"]))
