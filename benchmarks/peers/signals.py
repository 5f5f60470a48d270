"""Notes when each SIGUSR2 reaches its handler in asyncio or uvloop, see benchmarks/signals.ts."""
import asyncio
import os
import signal
import sys
import time


def note():
    os.write(1, b"%d\n" % time.monotonic_ns())


if sys.argv[1] == "uvloop":
    import uvloop

    loop = uvloop.new_event_loop()
else:
    loop = asyncio.new_event_loop()
loop.add_signal_handler(signal.SIGUSR2, note)
loop.call_soon(os.write, 1, b"ready\n")
loop.run_forever()
