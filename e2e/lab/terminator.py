#!/usr/bin/python3
"""Ends TLS in front of a back end as an old Windows does: with these suites, no newer version, one certificate.

ADDRESS PORT BEHIND CERTIFICATE KEY SUITES NEWEST: it listens at ADDRESS:PORT and hands on, without TLS, to ADDRESS:BEHIND.
NEWEST is a version as Python's ssl names it. It says `ready`, and ends with its standard input.
"""

import asyncio
import ssl
import sys
import threading


def context(certificate, key, suites, newest):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1
    made.maximum_version = ssl.TLSVersion[newest]
    made.set_ciphers(suites)
    made.load_cert_chain(certificate, key)
    return made


async def pass_on(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def serve(address, port, behind, tls):
    async def taken(reader, writer):
        try:
            from_it, to_it = await asyncio.open_connection(address, behind)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pass_on(reader, to_it), pass_on(from_it, writer))

    await asyncio.start_server(taken, address, port, ssl=tls)
    print("ready", flush=True)
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def wait():
        sys.stdin.read()
        loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait, daemon=True).start()
    await over.wait()


def main():
    address, port, behind, certificate, key, suites, newest = sys.argv[1:]
    tls = context(certificate, key, suites, newest)
    asyncio.run(serve(address, int(port), int(behind), tls))


main()
