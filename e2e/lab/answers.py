#!/usr/bin/python3
"""Ends TLS and answers whatever comes with one text: a server too old for the gate, or the edge of SIP.

Says `ready` when it listens, and runs until it is killed.
"""

import argparse
import socket
import ssl


def answer(listener, context, text):
    connection, _ = listener.accept()
    with connection:
        try:
            with context.wrap_socket(connection, server_side=True) as stream:
                stream.recv(65536)
                stream.sendall(text)
        except OSError:
            # Whoever shares no suite with this, or leaves.
            pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--ciphers")
    parser.add_argument("--text", required=True)
    given = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    if given.ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(given.ciphers)
    text = given.text.replace("\n", "\r\n").encode()
    with socket.create_server((given.address, given.port)) as listener:
        print("ready", flush=True)
        while True:
            answer(listener, context, text)


if __name__ == "__main__":
    main()
