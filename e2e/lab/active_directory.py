#!/usr/bin/python3
"""A real Active Directory for the stories: Samba as domain controller, and Apache as a back end that takes Kerberos only.

It is the first process of namespaces of its own (network, mounts, processes), where it puts the unpacked
packages over /usr and the lab's folder on /mnt; so nothing of the machine is changed, ports below 1024 are
free, and everything ends with it. A domain once made is kept as an archive below --cache, by the digest of
what made it. It says `ready`, then does what it is told line by line, and ends with its standard input.
"""

import argparse
import fcntl
import glob
import grp
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = "/mnt"
DC = "127.0.0.10"
BACK_END = "127.0.0.11"
PATIENCE = 60
PYTHON = "/usr/bin/python3"

HOSTS = f"""\
127.0.0.1 localhost
{DC} dc1.contoso.test
{BACK_END} lync-fe.contoso.test exch.contoso.test
127.0.0.12 gateway.contoso.test app.contoso.test lyncweb.contoso.test mail.contoso.test
"""

# Its own, so that no configuration of the machine's is read.
KRB5_CONF = """\
[libdefaults]
 default_realm = CONTOSO.TEST
 dns_lookup_kdc = false
 dns_canonicalize_hostname = false
 rdns = false
"""

APACHE = """\
ServerRoot {top}/apache
DefaultRuntimeDir {top}/apache
PidFile {top}/apache/pid
ServerName lync-fe.contoso.test
Listen {address}:80
Listen {address}:443
{modules}
{user}
TypesConfig {top}/apache/types
ErrorLog {top}/apache/error.log
LogLevel info
DocumentRoot {top}/apache/pages
KeepAlive On
# All workers from the beginning, and none ends: an Apache that grows or shrinks closes connections on which a
# request is under way.
StartServers 4
ThreadsPerChild 64
MaxRequestWorkers 256
MinSpareThreads 1
MaxSpareThreads 256
<Directory {top}/apache/pages>
  Options +Includes
  AddType text/plain .shtml
  AddOutputFilter INCLUDES .shtml
  AuthType GSSAPI
  AuthName lync-fe
  GssapiCredStore keytab:{top}/backend.keytab
  GssapiAllowedMech krb5
  GssapiNameAttributes json
  Require valid-user
</Directory>
ScriptSock {top}/apache/cgi.sock
Alias /WebTicket/WebTicketService.svc/mex {top}/apache/open/mex.xml
<Directory {top}/apache/open>
  Require all granted
</Directory>
ScriptAlias /WebTicket/ {top}/apache/cgi/ticket.py/
ScriptAlias /EWS/ {top}/apache/cgi/ticket.py/
ScriptAlias /Autodiscover/ {top}/apache/cgi/ticket.py/
<Directory {top}/apache/cgi>
  AuthType GSSAPI
  AuthName lync-fe
  GssapiCredStore keytab:{top}/backend.keytab
  GssapiAllowedMech krb5
  Require valid-user
</Directory>
<VirtualHost {address}:443>
  SSLEngine on
  SSLCertificateFile {top}/tls/lync-fe.pem
  SSLCertificateKeyFile {top}/tls/lync-fe.key
</VirtualHost>
"""

MODULES = (
    "mpm_event authn_core authz_core authz_user auth_gssapi include filter mime ssl socache_shmcb "
    "alias cgid"
).split()

# The metadata of a web ticket service: its ports are what a doctor looks for.
METADATA = """\
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" \
name="WebTicketService"><wsdl:service name="WebTicketService">
<wsdl:port name="WebTicketServiceWinNegotiate" binding="x:WebTicketServiceWinNegotiate">\
<soap:address location="https://lync-fe.contoso.test/WebTicket/WebTicketService.svc"/></wsdl:port>
<wsdl:port name="WebTicketServiceAuth" binding="x:WebTicketServiceAuth">\
<soap:address location="https://lync-fe.contoso.test/WebTicket/WebTicketService.svc/Auth"/></wsdl:port>
</wsdl:service></wsdl:definitions>
"""

# A web ticket service as far as a gate needs one: the ticket is anybody's, and a header says whose it
# would be.
TICKET = """\
#!/usr/bin/python3
import os, sys, uuid
sys.stdin.buffer.read()
who = os.environ["REMOTE_USER"]
if os.environ.get("PATH_INFO", "").lower().endswith("oauthtoken"):
    kind = "application/json"
    body = '{"access_token":"cwt=%s","expires_in":3600,"token_type":"bearer"}' % uuid.uuid4().hex
else:
    kind = "text/xml; charset=utf-8"
    body = (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        '<t:RequestSecurityTokenResponseCollection xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512">'
        '<t:RequestSecurityTokenResponse><t:RequestedSecurityToken>'
        '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="SamlSecurityToken-%s">'
        '<a:Conditions NotBefore="2020-01-01T00:00:00Z" NotOnOrAfter="2099-01-01T00:00:00Z"/>'
        '<d:Signature xmlns:d="http://www.w3.org/2000/09/xmldsig#"><d:SignatureValue>%s</d:SignatureValue>'
        '</d:Signature></a:Assertion></t:RequestedSecurityToken></t:RequestSecurityTokenResponse>'
        '</t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>'
    ) % (uuid.uuid4(), uuid.uuid4().hex)
sys.stdout.write("Content-Type: %s\\r\\nX-Seen-User: %s\\r\\n\\r\\n%s" % (kind, who, body))
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def call(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)


def enter(folder, packages):
    """Makes this process's view of the machine."""
    if packages:
        lower = f"lowerdir={packages}/usr:/usr"
        call("mount", "-t", "overlay", "overlay", "-o", lower, "/usr")
    call("mount", "--bind", folder, TOP)
    call("ip", "link", "set", "lo", "up")
    write(f"{TOP}/hosts", HOSTS)
    write(f"{TOP}/resolv.conf", f"nameserver {DC}\n")
    write(f"{TOP}/krb5.conf", KRB5_CONF)
    call("mount", "--bind", f"{TOP}/hosts", "/etc/hosts")
    # It may be a link to nowhere in a container.
    if os.path.exists("/etc/resolv.conf"):
        call("mount", "--bind", f"{TOP}/resolv.conf", "/etc/resolv.conf")
    # Apache may run as another user.
    os.chmod(TOP, 0o711)


def digest():
    """Of all that decides what a new domain is."""
    with open(f"{HERE}/domain.py", "rb") as file:
        made_by = hashlib.sha256(file.read())
    made_by.update(str(os.stat("/usr/sbin/samba").st_size).encode())
    return made_by.hexdigest()[:16]


def domain(cache):
    os.makedirs(cache, exist_ok=True)
    kept = f"{cache}/domain-{digest()}.tar"
    # Whoever comes second waits for the first one's archive.
    with open(f"{cache}/lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(kept):
            make(kept)
            return
    with tarfile.open(kept) as archive:
        archive.extractall(TOP)


def make(kept):
    # Those of former scripts: each is large.
    for old in glob.glob(f"{os.path.dirname(kept)}/domain-*.tar*"):
        os.remove(old)
    call(PYTHON, f"{HERE}/domain.py", "make", TOP)
    with tarfile.open(kept + ".new", "w") as archive:
        for name in sorted(os.listdir(TOP)):
            if name == "dc" or name.endswith(".keytab"):
                archive.add(f"{TOP}/{name}", arcname=name)
    os.rename(kept + ".new", kept)


def wait_for(process, address, *ports):
    ends = time.monotonic() + PATIENCE
    for port in ports:
        while True:
            try:
                socket.create_connection((address, port), timeout=1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > ends:
                    raise SystemExit(f"{process.args[0]} does not answer on {address}:{port}")
                time.sleep(0.02)


def start(command, log):
    environment = dict(os.environ, KRB5_CONFIG=f"{TOP}/krb5.conf")
    # It stops when its standard input closes, so that this one never says anything and never ends.
    reading, _ = os.pipe()
    with open(log, "ab") as output:
        return subprocess.Popen(command, stdin=reading, stdout=output, stderr=output, env=environment)


def start_samba():
    command = ["samba", "--model=single", "-s", f"{TOP}/dc/smb.conf", "--interactive", "--debug-stdout"]
    process = start(command + ["--no-process-group"], f"{TOP}/samba.log")
    wait_for(process, DC, 88, 389, 636)
    return process


def show_keytab():
    """Lets Apache read its keytab, where it runs as another user."""
    if os.getuid() == 0 and os.environ.get("LAB_IS_ROOT"):
        os.chown(f"{TOP}/backend.keytab", 0, grp.getgrnam("www-data").gr_gid)
        os.chmod(f"{TOP}/backend.keytab", 0o640)


def start_apache():
    folder = f"{TOP}/apache"
    write(f"{folder}/types", "")
    write(f"{folder}/pages/who.shtml", '<!--#echo var="REMOTE_USER" -->')
    # What the ticket says of the user, SIDs included.
    write(f"{folder}/pages/pac.shtml", '<!--#echo encoding="none" var="GSS_NAME_ATTRS_JSON" -->')
    write(f"{folder}/cgi/ticket.py", TICKET)
    os.chmod(f"{folder}/cgi/ticket.py", 0o755)
    write(f"{folder}/open/mex.xml", METADATA)
    user = ""
    if os.getuid() == 0 and os.environ.get("LAB_IS_ROOT"):
        user = "User www-data\nGroup www-data"
        show_keytab()
    loads = [f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so" for name in MODULES]
    text = APACHE.format(top=TOP, address=BACK_END, user=user, modules="\n".join(loads))
    write(f"{folder}/conf", text)
    process = start(["apache2", "-f", f"{folder}/conf", "-D", "FOREGROUND"], f"{folder}/output")
    wait_for(process, BACK_END, 80, 443)
    return process


def obey(samba, words):
    """One command; what it returns is the domain controller that runs from then on."""
    if words == ["freeze"]:
        samba.send_signal(signal.SIGSTOP)
    elif words == ["thaw"]:
        samba.send_signal(signal.SIGCONT)
    elif words == ["kill"]:
        samba.kill()
        samba.wait()
    elif words == ["start"]:
        samba = start_samba()
    elif words == ["renew"]:
        call(PYTHON, f"{HERE}/domain.py", "renew", TOP)
        show_keytab()
    elif words and words[0] in ("rotate", "password", "disable", "enable", "rename", "delete", "hide", "name", "serve", "set"):
        call(PYTHON, f"{HERE}/domain.py", words[0], TOP, *words[1:])
    else:
        raise ValueError(f"`{' '.join(words)}` is no command")
    return samba


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", required=True)
    parser.add_argument("--cache", required=True)
    parser.add_argument("--packages")
    given = parser.parse_args()
    os.environ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin"
    enter(given.folder, given.packages)
    for program in ("samba", "apache2"):
        if not shutil.which(program):
            raise SystemExit(f"{program} is not installed")
    domain(given.cache)
    samba = start_samba()
    start_apache()
    print("ready", flush=True)
    for line in sys.stdin:
        try:
            samba = obey(samba, line.split())
            print("done", flush=True)
        except (OSError, ValueError, subprocess.CalledProcessError) as error:
            print(f"failed: {error}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
