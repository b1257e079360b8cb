"""One web ticket request by Negotiate or NTLM with pyspnego, an implementation nobody here wrote.

usage: negotiate.py CA HOST PORT PATH BODY_FILE MODE USER  (the password is read from standard input)
Modes: negotiate, ntlm, kerberos-first, tampered-list, replay
Prints one JSON line: {"statuses": [...], "complete": bool, "schemes": [...]}
"""

import base64
import http.client
import json
import socket
import ssl
import sys

import spnego
from spnego._spnego import NegTokenInit, NegTokenResp, pack_mech_type_list, unpack_token

KERBEROS = "1.2.840.113554.1.2.2"
NTLM = "1.3.6.1.4.1.311.2.2.10"


class Connection:
    """A keep-alive connection that remembers what it was answered."""

    def __init__(self, ca, host, port, path, body):
        context = ssl.create_default_context(cafile=ca)
        self.host, self.path, self.body = host, path, body
        self.http = _Named(host, int(port), context)
        self.statuses = []

    def post(self, scheme, token):
        headers = {"Content-Type": "text/xml; charset=utf-8"}
        if token is not None:
            headers["Authorization"] = scheme + " " + base64.b64encode(token).decode()
        self.http.request("POST", self.path, body=self.body, headers=headers)
        answer = self.http.getresponse()
        answer.read()
        self.statuses.append(answer.status)
        for value in answer.headers.get_all("WWW-Authenticate", []):
            offered, _, data = value.partition(" ")
            if offered.lower() == scheme.lower() and data:
                return base64.b64decode(data)
        return None

    def offers(self):
        self.http.request("POST", self.path, body=self.body, headers={"Content-Type": "text/xml"})
        answer = self.http.getresponse()
        answer.read()
        self.statuses.append(answer.status)
        return [value.split(" ")[0] for value in answer.headers.get_all("WWW-Authenticate", [])]


class _Named(http.client.HTTPSConnection):
    """Connects to loopback, whatever the name says."""

    def __init__(self, name, port, context):
        super().__init__(name, port, context=context)
        self._tls = context

    def connect(self):
        plain = socket.create_connection(("127.0.0.1", self.port), 60)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


def sign_in(connection, scheme, user, password, protocol):
    client = spnego.client(user, password, hostname=connection.host, service="http", protocol=protocol,
                           options=spnego.NegotiateOptions.use_negotiate if protocol == "negotiate"
                           else spnego.NegotiateOptions.use_ntlm)
    token, sent = client.step(), []
    while token is not None:
        sent.append(token)
        answer = connection.post(scheme, token)
        if client.complete or connection.statuses[-1] != 401 or answer is None:
            if answer is not None and not client.complete:
                client.step(answer)
            break
        token = client.step(answer)
    return client.complete, sent


def kerberos_first(connection, user, password, tamper):
    """An optimistic, made-up Kerberos token; the gate must select NTLM and both MICs must hold."""
    ntlm = spnego.client(user, password, hostname=connection.host, service="http", protocol="ntlm",
                         options=spnego.NegotiateOptions.use_ntlm)
    mechs = [KERBEROS, NTLM]
    sent = mechs if not tamper else [KERBEROS, "1.2.840.48018.1.2.2", NTLM]
    first = NegTokenInit(mech_types=sent, mech_token=b"\x60\x06\x06\x04made-up").pack()
    answer = connection.post("Negotiate", first)
    selected = unpack_token(answer)
    assert selected.supported_mech == NTLM, selected.supported_mech
    answer = connection.post("Negotiate", NegTokenResp(response_token=ntlm.step()).pack())
    challenge = unpack_token(answer)
    token = ntlm.step(challenge.response_token)
    mic = ntlm.sign(pack_mech_type_list(mechs))
    last = NegTokenResp(response_token=token, mech_list_mic=mic).pack()
    answer = connection.post("Negotiate", last)
    if connection.statuses[-1] == 200:
        final = unpack_token(answer)
        ntlm.verify(pack_mech_type_list(mechs), final.mech_list_mic)
    return ntlm.complete, []


def main():
    ca, host, port, path, body_file, mode, user = sys.argv[1:8]
    password = sys.stdin.readline().rstrip("\n")
    with open(body_file, "rb") as file:
        body = file.read()
    connection = Connection(ca, host, port, path, body)
    schemes = connection.offers()
    if mode in ("kerberos-first", "tampered-list"):
        complete, _ = kerberos_first(connection, user, password, mode == "tampered-list")
    elif mode == "replay":
        complete, sent = sign_in(connection, "NTLM", user, password, "ntlm")
        again = Connection(ca, host, port, path, body)
        again.post("NTLM", sent[0])
        again.post("NTLM", sent[-1])
        again.post("NTLM", sent[-1])
        connection.statuses += again.statuses
    else:
        scheme = "Negotiate" if mode == "negotiate" else "NTLM"
        complete, _ = sign_in(connection, scheme, user, password, mode)
    print(json.dumps({"statuses": connection.statuses, "complete": complete, "schemes": schemes}))


main()
