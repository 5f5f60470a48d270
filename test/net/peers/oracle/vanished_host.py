"""What asyncio tells of connections whose peer's host vanishes: `unshare -rn python3 vanished_host.py`. See ../../fixtures/vanished-host.ts."""

import asyncio
import errno
import socket
import subprocess

BIG = bytes(8_000_000)


class Log(asyncio.Protocol):
    def __init__(self):
        loop = asyncio.get_running_loop()
        self.events = []
        self.made = loop.create_future()
        self.lost = loop.create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.events.append("made")
        self.made.set_result(None)

    def pause_writing(self):
        self.events.append("pause")

    def connection_lost(self, exc):
        self.events.append(f"lost {name_of(exc)}")
        self.lost.set_result(None)


def name_of(exc):
    if isinstance(exc, OSError) and exc.errno is not None:
        return errno.errorcode[exc.errno]
    return "None" if exc is None else type(exc).__name__


async def outcome(waiting):
    try:
        await waiting
        return "done"
    except Exception as exc:
        return name_of(exc)


def keep_alive(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 1)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 1)


def user_timeout(sock):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)


async def connect(to, configure):
    transport, log = await asyncio.get_running_loop().create_connection(Log, *to)
    configure(transport.get_extra_info("socket"))
    return log


async def idle(to):
    log = await connect(to, keep_alive)

    async def body():
        await log.lost
        return log.events

    return body


async def written(to):
    log = await connect(to, user_timeout)

    async def body():
        log.transport.write(b"hello")
        await log.lost
        return log.events

    return body


async def closed(to):
    log = await connect(to, user_timeout)

    async def body():
        log.transport.write(BIG)
        log.transport.close()
        await log.lost
        return log.events

    return body


async def aborted(to):
    log = await connect(to, lambda sock: None)

    async def body():
        log.transport.write(BIG)
        log.transport.close()
        await others_are_over
        log.events.append("aborted")
        log.transport.abort()
        await log.lost
        return log.events

    return body


async def nothing(to):
    log = await connect(to, lambda sock: None)

    async def body():
        log.transport.close()
        await log.lost
        return log.events

    return body


async def reading(to):
    reader, writer = await asyncio.open_connection(*to)
    keep_alive(writer.get_extra_info("socket"))

    async def body():
        events = [await outcome(reader.read())]
        writer.close()
        return [*events, await outcome(writer.wait_closed())]

    return body


async def draining(to):
    _, writer = await asyncio.open_connection(*to)
    user_timeout(writer.get_extra_info("socket"))

    async def body():
        writer.write(BIG)
        events = [await outcome(writer.drain())]
        writer.close()
        return [*events, await outcome(writer.wait_closed())]

    return body


async def connecting(to):
    async def body():
        loop = asyncio.get_running_loop()
        return [await outcome(asyncio.wait_for(loop.create_connection(Log, *to), 0.3))]

    return body


async def serving(to):
    log = Log()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: log, "127.0.0.1", 0)
    await connect(server.sockets[0].getsockname(), lambda sock: None)
    await log.made

    async def body():
        log.transport.write(BIG)
        server.close()
        server.close_clients()
        waiting = asyncio.create_task(outcome(server.wait_closed()))
        await others_are_over
        log.events.append("aborted")
        server.abort_clients()
        before = [*log.events]
        return [*before, await waiting, *log.events[-1:]]

    return body


SCENARIOS = {
    "idle, keep-alive": idle,
    "written, user timeout": written,
    "full buffer, closed, user timeout": closed,
    "full buffer, closed, no timeout, aborted in the end": aborted,
    "nothing to send, closed": nothing,
    "streams, reading, keep-alive": reading,
    "streams, draining, user timeout": draining,
    "connecting, given up": connecting,
    "a server whose client vanishes, aborted in the end": serving,
}


async def main():
    global others_are_over
    others_are_over = asyncio.get_running_loop().create_future()
    others = sum(not name.endswith("in the end") for name in SCENARIOS)

    async def observe(name, body):
        nonlocal others
        events = await body()
        if not name.endswith("in the end"):
            others -= 1
            if others == 0:
                others_are_over.set_result(None)
        return f"{name}: {', '.join(events)}"

    server = await asyncio.get_running_loop().create_server(asyncio.Protocol, "127.0.0.1", 0)
    to = server.sockets[0].getsockname()
    ready = {name: await scenario(to) for name, scenario in SCENARIOS.items()}
    await asyncio.sleep(0.05)  # the server has accepted all
    subprocess.run("tc qdisc add dev lo root blackhole".split(), check=True)
    for line in await asyncio.gather(*(observe(name, body) for name, body in ready.items())):
        print(line)


subprocess.run("ip link set lo up".split(), check=True)
asyncio.run(main())
