"""exchangelib, an Exchange client nobody here wrote, finds its mailbox and resolves a name.

Reads one JSON object from standard input: email, account, password, auth, web_ticket, request. `auth` is `chosen` where
exchangelib chooses by itself, `basic` where EWS is to have Basic, `unbound` for NTLM without channel bindings.
Prints one JSON line: {"versions": {...}, "ews_url", "resolved": [...], "web_ticket": status, "error", "steps": [...]}
A step is what one HTTP exchange was: {"connection", "method", "url", "sent", "status", "offered", "bound"}; `sent` is
the credentials that went with it: `-`, `basic`, `ntlm1` or `ntlm3`; `bound`, whether a message 3 carried a binding.
"""

import base64
import functools
import importlib.metadata
import json
import struct
import sys

import requests
import requests.adapters
import requests_ntlm
from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials
from exchangelib.protocol import BaseProtocol
from exchangelib.transport import AUTH_TYPE_MAP

CHANNEL_BINDINGS = 10
STEPS = []


class Noted(requests.adapters.HTTPAdapter):
    """requests' own adapter, which writes down what went over it."""

    def send(self, request, *arguments, **keywords):
        sent, bound = credentials(request.headers.get("Authorization"))
        answer = super().send(request, *arguments, **keywords)
        STEPS.append({"connection": connection(answer), "method": request.method, "url": request.url, "sent": sent,
                      "bound": bound, "status": answer.status_code,
                      "offered": answer.headers.get("WWW-Authenticate", "")})
        return answer


def connection(answer):
    """The local port, which names the connection."""
    try:
        return answer.raw._fp.fp.raw._sock.getsockname()[1]
    except AttributeError:
        return None


def credentials(header):
    scheme, _, token = (header or "-").partition(" ")
    if scheme not in ("NTLM", "Negotiate"):
        return scheme.lower(), False
    message = base64.b64decode(token)
    kind = struct.unpack_from("<I", message, 8)[0]
    return f"ntlm{kind}", kind == 3 and is_bound(message)


def is_bound(message):
    """Whether the NTLMv2 response has MsvAvChannelBindings other than zero ([MS-NLMP] 2.2.2.1, 2.2.2.7)."""
    length, _, offset = struct.unpack_from("<HHI", message, 20)
    pairs, at = message[offset + 16 + 28:offset + length], 0
    while at + 4 <= len(pairs):
        kind, size = struct.unpack_from("<HH", pairs, at)
        if kind == CHANNEL_BINDINGS:
            return any(pairs[at + 4:at + 4 + size])
        if kind == 0:
            break
        at += 4 + size
    return False


def web_ticket(told):
    """The same secret at the third service, by the NTLM that exchangelib uses."""
    session = requests.Session()
    session.mount("https://", Noted())
    session.auth = AUTH_TYPE_MAP[NTLM](username=told["account"], password=told["password"])
    answer = session.post(told["web_ticket"], data=told["request"].encode(), headers={"Content-Type": "text/xml"})
    return answer.status_code


def mailbox(told, found):
    """Ends where autodiscover leads, and resolves two names there."""
    secret = Credentials(told["email"], told["password"])
    is_basic = told["auth"] == "basic"
    how = {"config": Configuration(credentials=secret, auth_type=BASIC)} if is_basic else {"credentials": secret}
    account = Account(primary_smtp_address=told["email"], autodiscover=True, access_type=DELEGATE, **how)
    found["ews_url"] = account.protocol.service_endpoint
    for name in ("anna", "ben"):
        found["resolved"] += [one.email_address for one in account.protocol.resolve_names([name])]
    found["version"] = str(account.protocol.version)


def main():
    told = json.load(sys.stdin)
    BaseProtocol.HTTP_ADAPTER_CLS = Noted
    if told["auth"] == "unbound":
        AUTH_TYPE_MAP[NTLM] = functools.partial(requests_ntlm.HttpNtlmAuth, send_cbt=False)
    packages = ("exchangelib", "requests", "requests_ntlm", "pyspnego", "dnspython")
    found = {"versions": {name: importlib.metadata.version(name) for name in packages}, "ews_url": None,
             "resolved": [], "error": None}
    try:
        mailbox(told, found)
    except Exception as error:  # noqa: BLE001: whatever it ends with is what the story judges
        found["error"] = f"{type(error).__name__}: {error}"
    found["web_ticket"] = web_ticket(told)
    print(json.dumps({**found, "steps": STEPS}))


main()
