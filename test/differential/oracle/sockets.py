"""One side of a connection or of an exchange of datagrams, on CPython's event loop: does what each line (JSON) asks for, and
answers with what its protocol was told meanwhile. Its twin is sockets/our-agent.ts."""

import asyncio
import errno
import json
import logging
import os
import socket
import struct
import sys
import tempfile
import traceback

QUIET = 3  # looks in a row without an event


class Boom(Exception):
    pass


class Agent:
    def __init__(self, loop):
        self.loop = loop
        self.events = []
        self.forget()
        logger = logging.getLogger("asyncio")
        logger.propagate = False
        logger.addHandler(Warnings(self.note))
        loop.set_exception_handler(lambda _loop, context: self.note("report", context["message"].split(" callback ")[0].rstrip(".")))

    def forget(self):
        self.server = None
        self.transport = None
        self.address = None
        self.reactions = []
        self.keep_open = False
        self.ended = False
        self.sender = None
        self.has_datagrams = False
        self.sending = None  # keeps the task from being collected

    def note(self, *event):
        last = self.events[-1] if self.events else None
        if event[0] == "data" and last is not None and last[0] == "data":
            last[1] += event[1]
        else:
            self.events.append(list(event))

    async def command(self, command):
        kind = command["kind"]
        if kind in ("listen", "connect", "bind"):
            self.reactions = [dict(each) for each in command["reactions"]]
            self.keep_open = command["keepOpen"]
            await getattr(self, kind)(command["at"])
        elif kind == "cancelConnect":
            await self.cancel_connect(command["at"])
        elif kind == "do":
            for act in command["acts"]:
                self.act(act)
        elif kind == "end":
            await self.end(command["pause"])
        await self.settle(command["pause"])
        events, self.events = self.events, []
        return {"events": events, "address": self.address}

    async def settle(self, pause):
        quiet = 0
        while quiet < QUIET:
            before = json.dumps(self.events)
            await asyncio.sleep(pause)
            quiet = quiet + 1 if json.dumps(self.events) == before else 0

    async def listen(self, at):
        if "path" in at:
            self.server = await self.loop.create_unix_server(lambda: Stream(self), at["path"])
            self.address = at
        else:
            self.server = await self.loop.create_server(lambda: Stream(self), at["host"], at["port"])
            host, port = self.server.sockets[0].getsockname()
            self.address = {"host": host, "port": port}

    def connecting(self, at):
        if "path" in at:
            return self.loop.create_unix_connection(lambda: Stream(self), at["path"])
        return self.loop.create_connection(lambda: Stream(self), at["host"], at["port"])

    async def connect(self, at):
        try:
            await self.connecting(at)
        except OSError as error:
            self.note("rejects", code_of(error))

    async def cancel_connect(self, at):
        task = self.loop.create_task(self.connecting(at))
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            self.note("cancelled")

    async def bind(self, at):
        local = (at["host"], at["port"])
        remote = at.get("remote")
        self.has_datagrams = True
        await self.loop.create_datagram_endpoint(
            lambda: Datagrams(self), local_addr=local, remote_addr=remote and (remote["host"], remote["port"])
        )
        host, port = self.transport.get_extra_info("sockname")
        self.address = {"host": host, "port": port}

    async def end(self, pause):
        if self.server is not None:
            self.server.close()
        if self.sending is not None:
            self.sending.cancel()  # first: CPython leaves it pending if the transport ends
            await asyncio.wait([self.sending])
        if self.transport is not None:
            self.act(["abort", None])
        await self.settle(pause)
        self.forget()

    def act(self, act):
        name, value = act
        transport = self.transport
        if name == "raise":
            raise Boom()
        if transport is None:
            return
        try:
            if name == "write":
                transport.write(bytes(value))
            elif name == "writelines":
                transport.writelines([bytes(value), b"", bytes(value)])
            elif name == "writeText":
                transport.write("text")
            elif name == "writeEof":
                try:
                    transport.write_eof()
                except OSError as error:  # it was reset: ringloop loses the connection instead
                    transport._force_close(error)
            elif name == "close":
                transport.close()
            elif name == "abort":
                transport.abort()
            elif name == "reset":
                linger = struct.pack("ii", 1, 0)
                transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                transport.abort()
            elif name == "pause" and not self.ended:
                transport.pause_reading()
            elif name == "resume" and not self.ended:
                transport.resume_reading()  # after the end, asyncio would tell the end again
            elif name == "limits":
                transport.set_write_buffer_limits(high=value)
                self.note("limits", *transport.get_write_buffer_limits())
            elif name == "query":
                self.note("is", transport.is_closing(), transport.get_write_buffer_size() == 0)
                if not self.ended and not self.has_datagrams:
                    self.note("reads", transport.is_reading())
            elif name == "closeServer":
                if self.server is not None:
                    self.server.close()
                    self.note("serving", self.server.is_serving())
            elif name == "sendfile":
                self.sending = self.loop.create_task(self.sendfile(transport, *value))
            elif name == "lend":
                transport.set_protocol(Lender(self, value))
            elif name == "plain":
                transport.set_protocol(Stream(self))
            elif name == "send":
                transport.sendto(bytes(value))
            elif name == "sendText":
                transport.sendto("text")
            elif name == "reply":
                if self.sender is not None:
                    transport.sendto(bytes(value), self.sender)
            elif name == "sendTo":
                size, address = value
                transport.sendto(bytes(size), (address["host"], address["port"]))
        except OSError as error:
            self.note("raises", code_of(error))
        except AttributeError:
            pass  # CPython's own mistake: abort() after connection_lost() of a transport that has flushed
        except Exception:
            self.note("raises")

    async def sendfile(self, transport, size, offset, count):
        with tempfile.TemporaryFile(buffering=0) as file:
            file.truncate(size)
            try:
                result = await self.loop.sendfile(transport, file, offset, count)
            except RuntimeError:
                self.note("sends no file")  # the position may have moved: the fallback reads before it is refused
                return
            except OSError as error:
                result = code_of(error)
            self.note("sent", result, os.lseek(file.fileno(), 0, os.SEEK_CUR))

    def react(self, on):
        for reaction in self.reactions:
            if reaction["on"] == on:
                self.reactions.remove(reaction)
                for act in reaction["acts"]:
                    self.act(act)
                return


class Ends(asyncio.BaseProtocol):
    """What both kinds of protocols have."""

    def __init__(self, agent):
        self.agent = agent

    def connection_made(self, transport):
        self.agent.transport = transport
        buffers(transport.get_extra_info("socket"))
        self.agent.note("made")
        self.agent.react("made")

    def eof_received(self):
        self.agent.note("eof")
        self.agent.ended = True
        self.agent.react("eof")
        return self.agent.keep_open

    def connection_lost(self, exc):
        self.agent.note("lost", code_of(exc))
        self.agent.react("lost")

    def pause_writing(self):
        self.agent.note("pause")
        self.agent.react("pause")

    def resume_writing(self):
        self.agent.note("resume")
        self.agent.react("resume")


class Stream(Ends, asyncio.Protocol):
    def data_received(self, data):
        self.agent.note("data", len(data))
        self.agent.react("data")


class Lender(Ends, asyncio.BufferedProtocol):
    def __init__(self, agent, size):
        super().__init__(agent)
        self.size = size
        self.room = bytearray(max(size, 0))
        self.has_lent = False  # it may be asked without data: the first time counts

    def get_buffer(self, sizehint):
        if not self.has_lent:
            self.agent.note("lends")
        self.has_lent = True
        if self.size < 0:
            raise Boom()
        return self.room

    def buffer_updated(self, nbytes):
        self.agent.note("data", nbytes)
        self.agent.react("data")


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, agent):
        self.agent = agent

    def connection_made(self, transport):
        self.agent.transport = transport
        self.agent.note("made")
        self.agent.react("made")

    def datagram_received(self, data, addr):
        self.agent.sender = addr
        self.agent.note("datagram", len(data))
        self.agent.react("data")

    def error_received(self, exc):
        self.agent.note("error", code_of(exc))
        self.agent.react("error")

    def connection_lost(self, exc):
        self.agent.note("lost", code_of(exc))
        self.agent.react("lost")


class Warnings(logging.Handler):
    def __init__(self, note):
        super().__init__(logging.WARNING)
        self.note_of = note

    def emit(self, record):
        self.note_of("warning", record.getMessage())


def buffers(sock):
    """Of one size, so that what the system takes does not depend on how it has tuned them; not so small that it sends in trickles."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 200000)


def code_of(error):
    if error is None or isinstance(error, Boom):
        return error if error is None else "Boom"
    return errno.errorcode.get(getattr(error, "errno", None) or 0, type(error).__name__)


async def main():
    loop = asyncio.get_running_loop()
    agent = Agent(loop)
    while True:
        line = await loop.run_in_executor(None, sys.stdin.readline)
        if not line:
            return
        try:
            answer = await agent.command(json.loads(line))
        except Exception:
            answer = {"crash": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


asyncio.run(main())
