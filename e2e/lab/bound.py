#!/usr/bin/python3
"""A member of the domain that binds its proof to the certificate it was shown, as browsers on Windows do; with
python-gssapi, which pyspnego stands on, and MIT's own SPNEGO.

usage: bound.py HOST PORT FROM BINDING  (inside the lab; BINDING is `right`, `wrong` or `none`)
Prints one JSON line: {"statuses": [with the token, then without], "mutual": whether the gate's answer proves that it has the key}
"""

import base64
import hashlib
import http.client
import json
import socket
import ssl
import sys

import gssapi
from gssapi.raw import ChannelBindings

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
MUTUAL = gssapi.RequirementFlag.mutual_authentication


def main():
    host, port, source, kind = sys.argv[1:]
    context = ssl.create_default_context(cafile="/mnt/tls/ca.pem")
    connection = http.client.HTTPSConnection(host, int(port), context=context)
    plain = socket.create_connection((host, int(port)), 60, (source, 0))
    connection.sock = context.wrap_socket(plain, server_hostname=host)
    shown = connection.sock.getpeercert(binary_form=True)
    digest = hashlib.sha256(shown if kind == "right" else b"another").digest()
    bindings = ChannelBindings(application_data=b"tls-server-end-point:" + digest)
    client = gssapi.SecurityContext(
        name=gssapi.Name(f"HTTP@{host}", gssapi.NameType.hostbased_service),
        mech=SPNEGO,
        flags=MUTUAL,
        usage="initiate",
        channel_bindings=None if kind == "none" else bindings,
    )
    token = base64.b64encode(client.step()).decode()
    statuses = []
    for headers in ({"Authorization": f"Negotiate {token}"}, {}):
        connection.request("GET", "/who.shtml", headers=headers)
        answer = connection.getresponse()
        answer.read()
        statuses.append(answer.status)
        given = answer.headers.get("WWW-Authenticate", "").partition(" ")[2]
        if given and not client.complete:
            client.step(base64.b64decode(given))
    mutual = client.complete and MUTUAL in client.actual_flags
    print(json.dumps({"statuses": statuses, "mutual": mutual}))


if __name__ == "__main__":
    sys.exit(main())
