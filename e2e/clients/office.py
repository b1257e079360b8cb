"""A member of the domain by pyspnego with its own Kerberos (gssapi and krb5), which nobody here wrote, against a listener of the office.

usage: office.py CA HOST PORT PROTOCOL BINDING  (inside the lab; BINDING is `right`, `wrong` or `none`)
Prints one JSON line: {"statuses": [with the token, then without], "complete": bool, "protocol": what was agreed on}
"""

import base64
import hashlib
import http.client
import json
import ssl
import sys

import spnego
from spnego.channel_bindings import GssChannelBindings


def main():
    ca, host, port, protocol, kind = sys.argv[1:]
    connection = http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context(cafile=ca))
    connection.connect()
    shown = connection.sock.getpeercert(binary_form=True)
    digest = hashlib.sha256(shown if kind == "right" else b"another").digest()
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + digest)
    client = spnego.client(
        hostname=host,
        service="HTTP",
        protocol=protocol,
        channel_bindings=None if kind == "none" else bindings,
        options=spnego.NegotiateOptions.use_gssapi if protocol == "kerberos" else spnego.NegotiateOptions.use_negotiate,
    )
    token = client.step()
    statuses = []
    for headers in ({"Authorization": "Negotiate " + base64.b64encode(token).decode()}, {}):
        connection.request("GET", "/who.shtml", headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode()
        statuses.append(answer.status)
        given = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
        if given and not client.complete:
            client.step(base64.b64decode(given))
    said = body if statuses[-1] == 200 else None
    print(json.dumps({"statuses": statuses, "complete": client.complete, "said": said}))


main()
