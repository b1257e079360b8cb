"""Gets a token as MSAL does: finds the endpoint in the description of the active endpoints, and asks there by WS-Trust.

Reads what to do from standard input as JSON, and prints what came of it as JSON. The gate is met at `port`, whatever port the
description says, as a load balancer would have it.
"""

import json
import sys

import requests
import urllib3.util.connection
from msal import mex, wstrust_request

told = json.load(sys.stdin)
connect = urllib3.util.connection.create_connection
urllib3.util.connection.create_connection = lambda _, *rest, **named: connect(
    ("127.0.0.1", told["port"]), *rest, **named
)
http = requests.Session()
# What the surroundings say of certificates and proxies would go before what is told.
http.trust_env = False
http.verify = told["ca"]

endpoint = mex.send_request(told["mex"], http)
address, action = endpoint["address"], endpoint["action"]
if told["is_old"]:
    address, action = address.replace("/13/", "/2005/"), mex.Mex.ACTION_2005
try:
    token = wstrust_request.send_request(
        told["username"], told["password"], told["audience"], address, action, http
    )
    print(json.dumps({"token": token["token"].decode(), "type": token["type"], "address": address}))
except RuntimeError as refused:
    print(json.dumps({"refused": str(refused), "address": address}))
