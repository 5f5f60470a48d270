"""What one program sees while it runs: the loop, its named objects, the trace. The twin of world.ts."""

import asyncio
import math

from show import ReportFilter, show

FUTURES = ("f0", "f1", "f2")


class World:
    def __init__(self, loop):
        self.loop = loop
        self.slots = {name: loop.create_future() for name in FUTURES}
        self.done_callbacks = {}
        self.bumps = 0
        self.trace = []
        self.finished = False
        self._ranks = {}
        self._next_rank = 0
        loop.set_exception_handler(self._report)

    def note(self, actor, what, value):
        if not self.finished:  # the garbage collector runs the `finally` of what is left over
            self.trace.append([self.loop.time(), self.loop.iterations, actor, what, show(value)])

    def _report(self, loop, context):
        text = ReportFilter.text(context)
        if text is not None:
            self.note("loop", "report", text)

    def future(self, slot):
        """What is in the slot; something that is done if it is still empty."""
        if slot == "self":
            return asyncio.current_task(self.loop)
        if slot not in self.slots:
            nobody = self.loop.create_future()
            nobody.set_result("nobody")
            return nobody
        return self.slots[slot]

    def delay(self, delay):
        """From now to a deadline, see grammar/moment.ts."""
        if not isinstance(delay, dict):
            return delay
        now = self.loop.time()
        return math.floor(now + max(delay["after"], 0)) + 1 + delay["moment"] / 4096 - now

    def when(self, when):
        if not isinstance(when, dict):
            return when
        return math.floor(max(when["after"], self.loop.time())) + 1 + when["moment"] / 4096

    def take_rank(self):
        self._next_rank += 1
        return self._next_rank

    def rank(self, future):
        """Tasks are ranked in the order in which they appear, see may_await()."""
        if future not in self._ranks:
            self._ranks[future] = self.take_rank()
        return self._ranks[future]

    def set_rank(self, future, rank):
        self._ranks[future] = rank

    def may_await(self, rank):
        """A task awaits younger ones only: where tasks await each other in a circle, cancel() has no end in CPython."""
        task = asyncio.current_task(self.loop)
        return task is None or rank > self.rank(task)
