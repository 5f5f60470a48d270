"""asyncio as a peer with TLS, in the folder with the certificates: `peer.py server 0` or `peer.py client PORT`.

The server prints its port, and at the end what its protocol was told. The client upgrades a connection, and prints the answer.
"""

import asyncio
import json
import ssl
import sys


class Recorder(asyncio.Protocol):
    def __init__(self, lost):
        self.log = []
        self.lost = lost

    def connection_made(self, transport):
        self.transport = transport
        self.log.append("made")

    def data_received(self, data):
        self.log.append(f"data {data.decode()}")
        self.transport.write(data)

    def eof_received(self):
        self.log.append("eof")

    def connection_lost(self, exc):
        self.log.append(f"lost {'null' if exc is None else exc}")
        self.lost.set_result(self.log)


class Upgrading(asyncio.Protocol):
    def __init__(self, ready):
        self.ready = ready

    def data_received(self, data):
        self.ready.set_result(data)


class Asking(asyncio.Protocol):
    def __init__(self, answered):
        self.answered = answered

    def data_received(self, data):
        self.answered.set_result(data)


async def serve():
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain("cert.pem", "key.pem")
    lost = loop.create_future()
    server = await loop.create_server(lambda: Recorder(lost), "127.0.0.1", 0, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    print(json.dumps(await lost), flush=True)
    server.close()


async def ask(port):
    loop = asyncio.get_running_loop()
    ready, answered = loop.create_future(), loop.create_future()
    transport, _ = await loop.create_connection(lambda: Upgrading(ready), "127.0.0.1", port)
    await ready
    context = ssl.create_default_context(cafile="ca.pem")
    protocol = Asking(answered)
    transport = await loop.start_tls(transport, protocol, context, server_hostname="localhost")
    transport.write(b"hello\n")
    print((await answered).decode(), end="")
    names = dict(transport.get_extra_info("peercert")["subject"][0])
    print(transport.get_extra_info("ssl_object").version(), names["commonName"], flush=True)
    transport.close()
    await asyncio.sleep(0.05)  # CPython 3.8 has no other way to learn that the goodbye is sent


asyncio.run(serve() if sys.argv[1] == "server" else ask(int(sys.argv[2])))
