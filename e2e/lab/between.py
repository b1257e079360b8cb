#!/usr/bin/python3
"""Somebody in the middle: ends TLS under the gate's name with another certificate, and speaks TLS anew with the gate.

ADDRESS PORT BEHIND CERTIFICATE KEY: it listens at ADDRESS:PORT and hands every byte on to ADDRESS:BEHIND. It says `ready`,
and ends with its standard input.
"""

import asyncio
import ssl
import sys
import threading


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(address, port, behind, shown):
    onward = ssl.create_default_context(cafile="/mnt/tls/ca.pem")

    async def taken(reader, writer):
        from_it, to_it = await asyncio.open_connection(
            address, behind, ssl=onward, server_hostname="gateway.contoso.test", local_addr=("127.0.0.20", 0)
        )
        await asyncio.gather(pass_on(reader, to_it), pass_on(from_it, writer))

    await asyncio.start_server(taken, address, port, ssl=shown)
    print("ready", flush=True)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait():
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, daemon=True).start()
    await over.wait()


def main():
    address, port, behind, certificate, key = sys.argv[1:]
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(certificate, key)
    asyncio.run(serve(address, int(port), int(behind), shown))


main()
