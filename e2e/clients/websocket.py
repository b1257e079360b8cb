"""WebSocket with websockets, an implementation nobody here wrote, on either side of the gate.

usage: websocket.py serve
       websocket.py talk CA PORT HOST PATH USER  (the password is read from standard input)
`serve` listens on a free port, prints it, sends back what it gets, and prints a JSON line for each
connection: the headers it came with. `talk` prints a line when it is open and has got its words back,
and another with the close code when it has ended.
"""

import asyncio
import base64
import json
import ssl
import sys

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

WORDS = ["one", "two", "x" * 200_000]


def say(**words):
    print(json.dumps(words), flush=True)


async def echo(connection):
    headers = {name.lower(): value for name, value in connection.request.headers.raw_items()}
    say(path=connection.request.path, headers=headers)
    try:
        async for message in connection:
            await connection.send(message)
    except ConnectionClosed:
        pass
    say(ended=True)


async def serving():
    async with serve(echo, "127.0.0.1", 0) as server:
        say(port=server.sockets[0].getsockname()[1])
        await server.serve_forever()


async def talking(ca, port, host, path, user):
    password = sys.stdin.readline().rstrip("\n")
    pair = base64.b64encode(f"{user}:{password}".encode()).decode()
    headers = {"Authorization": "Basic " + pair} if password else {}
    opening = connect(
        f"wss://{host}{path}",
        host="127.0.0.1",
        port=int(port),
        ssl=ssl.create_default_context(cafile=ca),
        additional_headers=headers,
        proxy=None,
    )
    try:
        async with opening as connection:
            for word in WORDS:
                await connection.send(word)
            came = [await connection.recv() for _ in WORDS]
            say(status=101, echoed=came == WORDS)
            try:
                await connection.recv()
            except ConnectionClosed as closed:
                say(code=closed.code)
    except InvalidStatus as refused:
        say(status=refused.response.status_code)


if sys.argv[1] == "serve":
    asyncio.run(serving())
else:
    asyncio.run(talking(*sys.argv[2:]))
