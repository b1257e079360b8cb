"""What exchangelib needs around it: a network of its own, where names are asked of DNS and port 443 is free.

usage: around.py WICKETGATE FOLDER WAY PASSWORD_KEY AUTH
Runs as root inside `unshare --net --mount`. WAY says what the published names lead to:
  demo               the demo's own gate, where a channel binding is checked when it is sent
  required           a gate beside it on the same store, where NTLM must carry one
  interposed         a man in the middle of TLS before `demo`, whose authority the client trusts
  interposed-required  the same before `required`
PASSWORD_KEY is app_password or domain_password; AUTH is what client.py takes.
Prints one JSON line: {"client": {...}, "seen": [...], "events": [...], "urls": {...}, "interposed": n}
"""

import datetime
import json
import os
import select
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import threading
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOMAIN = "contoso.test"
NAMES = [f"{name}.{DOMAIN}" for name in ("lyncdiscover", "lyncweb", "autodiscover", "mail")]
DEMO, REQUIRED, MIDDLE, RESOLVER = "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.53"
HERE = os.path.dirname(os.path.abspath(__file__))


def network(folder, address):
    """Loopback only; files and DNS lead every published name to one address, and know no other."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    texts = {"hosts": "".join(f"{address} {name}\n" for name in NAMES) + "127.0.0.1 localhost\n",
             "resolv.conf": f"nameserver {RESOLVER}\n"}
    for name, text in texts.items():
        file = os.path.join(folder, name)
        with open(file, "w", encoding="ascii") as out:
            out.write(text)
        subprocess.run(["mount", "--bind", file, os.path.realpath(f"/etc/{name}")], check=True)
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind((RESOLVER, 53))
    threading.Thread(target=resolver, args=(asked, address), daemon=True).start()


def resolver(asked, address):
    """Answers A for what is published (RFC 1035 4.1); anything else does not exist."""
    while True:
        query, peer = asked.recvfrom(512)
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
            at += 1 + query[at]
        question = query[12:at + 5]
        kind = struct.unpack("!H", query[at + 1:at + 3])[0]
        is_known = ".".join(labels) in NAMES
        record = b""
        if is_known and kind == 1:
            record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
        flags = 0x8580 if is_known else 0x8583
        head = query[:2] + struct.pack("!HHHHH", flags, 1, 1 if record else 0, 0, 0)
        asked.sendto(head + question + record, peer)


def demo(wicketgate, folder):
    """A demo; its process and its ready line."""
    child = subprocess.Popen([wicketgate, "demo", "--json", "--dir", os.path.join(folder, "demo"), "--domain", DOMAIN,
                              "--https-port", "443"], stdout=subprocess.PIPE)
    return child, json.loads(child.stdout.readline())


def gate_that_requires(wicketgate, config):
    """A gate beside the demo's with its store and back ends, where NTLM must carry a channel binding."""
    with open(config, encoding="utf-8") as file:
        text = file.read()
    for address in (f'"{DEMO}:443"', f'"{DEMO}:8080"'):
        text = text.replace(f"address = {address}", f"address = {address.replace(DEMO, REQUIRED)}", 1)
    listener = f'address = "{REQUIRED}:443"\n'
    assert listener in text, text
    text = text.replace(listener, listener + 'channel_binding = "require"\n')
    beside = config + ".required"
    with open(beside, "w", encoding="utf-8") as file:
        file.write(text)
    child = subprocess.Popen([wicketgate, "--config", beside, "serve"], stderr=subprocess.PIPE, text=True,
                             env={**os.environ, "RUST_LOG": "info"})
    for line in child.stderr:
        if "the gate is open" in line:
            threading.Thread(target=child.stderr.read, daemon=True).start()
            return child
    raise SystemExit("the gate that requires a channel binding did not open")


def certificate(folder):
    """An authority of the interposer's own, and its certificate for every published name."""
    key, leaf_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)

    def signed(subject, public, extensions):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "interposer")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(issuer).public_key(public)
        made = made.serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        made = made.not_valid_after(now + datetime.timedelta(days=1))
        for extension, is_critical in extensions:
            made = made.add_extension(extension, is_critical)
        return made.sign(key, hashes.SHA256())

    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    authority = signed("interposer", key.public_key(), [(x509.BasicConstraints(True, None), True), (usage, True)])
    names = x509.SubjectAlternativeName([x509.DNSName(name) for name in NAMES])
    leaf = signed("in the middle", leaf_key.public_key(), [(names, False)])
    pem = serialization.Encoding.PEM
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    files = {"authority": authority.public_bytes(pem), "leaf": leaf.public_bytes(pem) + private}
    for name, content in files.items():
        with open(os.path.join(folder, f"interposer-{name}.pem"), "wb") as file:
            file.write(content)


class Interposer:
    """Ends TLS with its own certificate and hands every byte on, both ways, over TLS of its own."""

    def __init__(self, folder, ca, target):
        self.folder, self.target, self.connections = folder, target, 0
        self.inner = ssl.create_default_context(cafile=ca)
        listening = socket.create_server((MIDDLE, 443))
        threading.Thread(target=self.accept, args=(listening,), daemon=True).start()

    def accept(self, listening):
        while True:
            client, _ = listening.accept()
            threading.Thread(target=self.stand_between, args=(client,), daemon=True).start()

    def stand_between(self, client):
        asked = []
        outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        outer.load_cert_chain(os.path.join(self.folder, "interposer-leaf.pem"))
        outer.sni_callback = lambda _socket, name, _context: asked.append(name)
        try:
            with outer.wrap_socket(client, server_side=True) as client:
                gate = socket.create_connection((self.target, 443), 60)
                with self.inner.wrap_socket(gate, server_hostname=asked[-1]) as gate:
                    self.connections += 1
                    hand_on(client, gate)
        except OSError:
            return


def hand_on(client, gate):
    """Both ways until one side ends; what is readable may be TLS's own (a session ticket) and no byte of theirs."""
    other = {client: gate, gate: client}
    while True:
        ready = [side for side in other if side.pending()] or select.select(list(other), [], [])[0]
        for side in ready:
            side.setblocking(False)
            try:
                got = side.recv(65536)
            except ssl.SSLWantReadError:
                continue
            finally:
                side.settimeout(60)
            if not got:
                return
            other[side].sendall(got)


def main():
    wicketgate, folder, way, password_key, auth = sys.argv[1:6]
    is_interposed = way.startswith("interposed")
    is_required = way.endswith("required")
    behind = REQUIRED if is_required else DEMO
    network(folder, MIDDLE if is_interposed else behind)
    children = []
    try:
        child, ready = demo(wicketgate, folder)
        children.append(child)
        if is_required:
            children.append(gate_that_requires(wicketgate, ready["config"]))
        trusted = os.path.join(folder, "trusted.pem")
        shutil.copy(ready["ca"], trusted)
        interposer = None
        if is_interposed:
            certificate(folder)
            with open(trusted, "ab") as out, open(os.path.join(folder, "interposer-authority.pem"), "rb") as file:
                out.write(file.read())
            interposer = Interposer(folder, ready["ca"], behind)
        with open(os.path.join(ready["dir"], "rst-anna.xml"), encoding="utf-8") as file:
            request = file.read()
        user = ready["users"][0]
        told = {"email": user["upn"], "account": user["account"], "password": user[password_key], "auth": auth,
                "web_ticket": ready["urls"]["web_ticket"], "request": request}
        # exchangelib keeps what it discovered below TMPDIR: each run has its own.
        cache = os.path.join(folder, "cache")
        os.mkdir(cache)
        surroundings = {**os.environ, "TMPDIR": cache, "REQUESTS_CA_BUNDLE": trusted, "NO_PROXY": "*"}
        ran = subprocess.run([sys.executable, os.path.join(HERE, "client.py")], input=json.dumps(told), text=True,
                             stdout=subprocess.PIPE, env=surroundings, check=True)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(ready["lab"]["requests"]) as answer:
            seen = json.load(answer)
        audit = subprocess.run([wicketgate, "--config", ready["config"], "audit", "list", "--json"], text=True,
                               stdout=subprocess.PIPE, check=True).stdout
        events = [json.loads(line) for line in audit.splitlines()]
        print(json.dumps({"client": json.loads(ran.stdout), "seen": seen, "events": events, "urls": ready["urls"],
                          "interposed": interposer.connections if interposer else 0}))
    finally:
        for child in children:
            child.terminate()
            child.wait()


main()
