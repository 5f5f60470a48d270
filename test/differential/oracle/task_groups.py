"""TaskGroup. The twin of interpret/task-groups.ts."""

import asyncio

from bodies import act, coroutine, perform, wait


class _OrderedSet(dict):
    def add(self, item):
        self[item] = None

    def discard(self, item):
        self.pop(item, None)


@wait
async def group(world, actor, s):
    tasks = asyncio.TaskGroup()
    tasks._tasks = _OrderedSet()  # CPython cancels them in the order of a set, that is in none
    world.slots[s["slot"]] = tasks
    async with tasks:
        await perform(world, actor, s["body"])


@act
def spawn_in(world, actor, s):
    tasks = world.slots.get(s["group"])
    if tasks is None:
        return "nobody"
    body = coroutine(world, s["body"])
    try:
        task = tasks.create_task(body)
    except BaseException:
        body.close()
        raise
    world.rank(task)
    world.slots[s["slot"]] = task
