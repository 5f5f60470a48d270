"""CPython's event loop on a clock that jumps to the next deadline whenever the loop would block.

Five things are made definite that CPython leaves open or does otherwise than ringloop's contract says:

1. Timers of equal time run in the order they were scheduled. CPython's heap leaves their order open.
2. stop_at_barrier() is the public stop() of ringloop (contract 0.1): what was scheduled before it still runs, what is
   scheduled after it waits for the next run. The stop() that run_until_complete() calls is CPython's own.
3. A run that was stopped as its main coroutine finished leaves no second stop behind, which would end the next run.
4. A task group cancels its children in the order they were created (see task_groups.py). CPython's set has no order.
5. shield() keeps a callback on its inner future as that of 3.14 does (see sources.py), which takes an iteration.
"""

import asyncio
import collections
import itertools

_count = itertools.count()


class _FifoTimerHandle(asyncio.TimerHandle):
    __slots__ = ("_number",)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._number = next(_count)

    def __lt__(self, other):
        return (self._when, self._number) < (other._when, other._number)


asyncio.events.TimerHandle = _FifoTimerHandle  # where call_at() looks for it


class _ReadyQueue(collections.deque):
    """Past the barrier, what is scheduled is held for the next run."""

    def __init__(self):
        super().__init__()
        self.barrier = False
        self.held = []

    def append(self, handle):
        if self.barrier:
            self.held.append(handle)
        else:
            super().append(handle)

    def lift_barrier(self):
        self.barrier = False
        self.extend(self.held)
        self.held = []


class _JumpingSelector:
    def __init__(self, loop):
        self._loop = loop

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("Deadlock: the program has no timer left to end it")
        if timeout > 0:
            self._loop.jump()
        return []

    def get_map(self):
        return {}


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self):
        super().__init__()
        self._clock = 0
        # Timers run when they are earlier than now plus this; all times are multiples of a power of two.
        self._clock_resolution = 1e-9
        self._ready = _ReadyQueue()
        self._selector = _JumpingSelector(self)
        self._polled = False
        self.iterations = 0
        self.names = {}

    def time(self):
        return self._clock

    def jump(self):
        self._clock = self._scheduled[0].when()
        if not self._polled:
            self.iterations += 1  # ringloop looks around once, without sleeping, before it sleeps for the first time

    def stop_at_barrier(self):
        self._ready.barrier = True

    def run_forever(self):
        self._polled = False
        self._stopping = self._ready.barrier and not self._ready
        try:
            super().run_forever()
        finally:
            self._ready.lift_barrier()

    def run_until_complete(self, future):
        try:
            return super().run_until_complete(future)
        finally:
            for handle in self._ready:
                if handle._callback is asyncio.base_events._run_until_complete_cb:
                    handle.cancel()

    def _run_once(self):
        if self._ready.barrier and self._polled:
            self._run_batch()  # a stopping loop does not look for events and timers again
        else:
            self.iterations += 1
            super()._run_once()
        self._polled = True
        if self._ready.barrier and not self._ready:
            self._stopping = True

    def _run_batch(self):
        for _ in range(len(self._ready)):
            handle = self._ready.popleft()
            if not handle.cancelled():
                handle._run()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass
