#!/usr/bin/python3
"""Makes the domain of the lab, and changes it while it runs, with Samba's own Python.

`make` writes everything below DIR. The access control lists of the sysvol share are left out: they are
the one part of a new domain that wants root, and no file server is ever started here.
"""

import argparse
import logging
import os
import sys
import uuid

from ldb import FLAG_MOD_ADD, FLAG_MOD_REPLACE, LdbError, Message, MessageElement
import samba.dckeytab  # noqa: F401: gives `Net` its export of keytabs
from samba import dsdb
from samba.auth import system_session
from samba.credentials import Credentials
from samba.dcerpc import dnsp, security
from samba.ndr import ndr_pack, ndr_unpack
from samba.net import Net
from samba.param import LoadParm
from samba.provision import FILL_FULL, provision
from samba.provision.sambadns import SRVRecord
from samba.samdb import SamDB

REALM = "CONTOSO.TEST"
DNS = REALM.lower()
ADDRESS = "127.0.0.10"
# Nobody signs in with it: it is there so that tests can show that the gate does not need it.
PASSWORD = "Not.for.the.gate.1"

# userAccountControl ([MS-ADTS] 2.2.16).
DISABLED = 0x2
MAY_NOT_BE_DELEGATED = 0x100000
MAY_CHANGE_PROTOCOL = 0x1000000
# msDS-SupportedEncryptionTypes ([MS-KILE] 2.2.7): AES only. Without it a keytab has no AES keys.
AES = 0x18
# The attribute tokenGroups ([MS-ADA3] 2.316), as access control names it.
TOKEN_GROUPS = "b7c69e6d-2cc7-11d2-854e-00a0c983f608"
# Until an administrator unlocks; and a moment long ago, as Windows counts time.
FOR_EVER = -(2**63)
LONG_AGO = 130_000_000_000_000_000

CONFIGURATION = """\
[global]
	netbios name = DC1
	workgroup = CONTOSO
	realm = {realm}
	server role = active directory domain controller
	server services = ldap cldap kdc dns
	interfaces = {address}/8
	bind interfaces only = yes
	dns forwarder =
	private dir = {dc}/private
	state directory = {dc}/state
	cache directory = {dc}/cache
	lock directory = {dc}/lock
	pid directory = {dc}/run
	ncalrpc dir = {dc}/ncalrpc
	binddns dir = {dc}/dns
	log file = {dc}/log.%m
	tls keyfile = {top}/tls/dc1.key
	tls certfile = {top}/tls/dc1.pem
	tls cafile = {top}/tls/ca.pem
	ldb:nosync = true
[sysvol]
	path = {dc}/state/sysvol
	read only = no
[netlogon]
	path = {dc}/state/sysvol/{dns}/scripts
	read only = no
"""


class Domain:
    """The database of a domain below a folder."""

    def __init__(self, top):
        self.top = top
        self.lp = LoadParm()
        self.lp.load(os.path.join(top, "dc/smb.conf"))
        path = os.path.join(top, "dc/private/sam.ldb")
        self.db = SamDB(url=path, session_info=system_session(), lp=self.lp)

    def dn(self, account):
        found = self.db.search(
            self.db.domain_dn(), expression=f"(sAMAccountName={account})", attrs=["dn"]
        )
        return str(found[0].dn)

    def write(self, dn, **attributes):
        lines = [f"dn: {dn}", "changetype: modify"]
        for name, values in attributes.items():
            name = name.replace("_", "-")
            lines.append(f"replace: {name}")
            for value in values if isinstance(values, list) else [values]:
                lines.append(f"{name}: {value}")
            lines.append("-")
        self.db.modify_ldif("\n".join(lines) + "\n")

    def flags(self, account, more, less=0):
        dn = self.dn(account)
        found = self.db.search(dn, scope=0, attrs=["userAccountControl"])
        flags = int(found[0]["userAccountControl"][0])
        self.write(dn, userAccountControl=flags & ~less | more)

    def rename(self, account, name):
        self.write(self.dn(account), sAMAccountName=name, userPrincipalName=f"{name}@{DNS}")

    def delete(self, account):
        self.db.delete(self.dn(account))

    def service(self, account, names, **more):
        self.write(self.dn(account), servicePrincipalName=names, **more)

    def password(self, account, password):
        self.db.setpassword(f"(sAMAccountName={account})", password, False)

    def hide(self, account):
        """The groups of an account, from whoever reads the directory."""
        domain = security.dom_sid(self.db.domain_sid)

        def one(dn, attribute, kind):
            found = self.db.search(dn, scope=0, attrs=[attribute])
            return ndr_unpack(kind, found[0][attribute][0])

        reader = one(self.dn("reader"), "objectSid", security.dom_sid)
        dn = self.dn(account)
        described = one(dn, "nTSecurityDescriptor", security.descriptor).as_sddl(domain)
        # Denied, and so before all that is allowed.
        owner, rights = described.split("D:", 1)
        at = rights.index("(")
        denied = f"(OD;;RP;{TOKEN_GROUPS};;{reader})"
        described = f"{owner}D:{rights[:at]}{denied}{rights[at:]}"
        described = ndr_pack(security.descriptor.from_sddl(described, domain))
        change = Message()
        change.dn = self.db.search(dn, scope=0, attrs=[])[0].dn
        name = "nTSecurityDescriptor"
        change[name] = MessageElement(described, FLAG_MOD_REPLACE, name)
        self.db.modify(change)

    def name(self, host, address):
        """A name in the domain's DNS."""
        record = dnsp.DnssrvRpcRecord()
        record.wType = dnsp.DNS_TYPE_A
        record.rank = dnsp.DNS_RANK_ZONE
        record.dwSerial = 110
        record.dwTtlSeconds = 900
        record.data = address
        zone = f"DC={DNS},CN=MicrosoftDNS,DC=DomainDnsZones,{self.db.domain_dn()}"
        dn = f"DC={host},{zone}"
        if self.db.search(zone, expression=f"(name={host})", attrs=[]):
            self.db.delete(dn)
        node = {"dn": dn, "objectClass": ["top", "dnsNode"], "dnsRecord": ndr_pack(record)}
        self.db.add(node)

    def serve(self, host, priority):
        """Has the domain's DNS name one more host that serves Kerberos, of that priority."""
        record = ndr_pack(SRVRecord(f"{host}.{DNS}", 88, priority))
        zone = f"DC={DNS},CN=MicrosoftDNS,DC=DomainDnsZones,{self.db.domain_dn()}"
        found = self.db.search(zone, expression="(name=_kerberos._tcp)", attrs=["dnsRecord"])
        message = Message(found[0].dn)
        message["dnsRecord"] = MessageElement([record], FLAG_MOD_ADD, "dnsRecord")
        self.db.modify(message)

    def keytab(self, name, principals):
        """In one step, as a reader may open it at any moment."""
        path = os.path.join(self.top, name)
        for principal in principals:
            Net(None, self.lp).export_keytab(keytab=path + ".new", principal=principal)
        os.rename(path + ".new", path)


def make(top):
    dc = os.path.join(top, "dc")
    for name in ("private", "state", "cache", "lock", "run", "ncalrpc", "dns"):
        os.makedirs(os.path.join(dc, name))
    conf = os.path.join(dc, "smb.conf")
    with open(conf, "w", encoding="utf-8") as file:
        file.write(
            CONFIGURATION.format(realm=REALM, dns=DNS, address=ADDRESS, dc=dc, top=top)
        )
    lp = LoadParm()
    lp.load(conf)
    logging.basicConfig(level=logging.ERROR)
    provision(
        logging.getLogger("provision"),
        system_session(),
        smbconf=conf,
        lp=lp,
        realm=REALM,
        domain="CONTOSO",
        hostname="dc1",
        hostip=ADDRESS,
        hostip6=None,
        adminpass=PASSWORD,
        serverrole="active directory domain controller",
        dns_backend="SAMBA_INTERNAL",
        dom_for_fun_level=dsdb.DS_DOMAIN_FUNCTION_2008_R2,
        samdb_fill=FILL_FULL,
        skip_sysvolacl=True,
    )
    populate(Domain(top))


def populate(domain):
    minute = 60 * 10**7
    domain.write(
        domain.db.domain_dn(),
        maxPwdAge=0,
        lockoutThreshold=5,
        lockoutDuration=FOR_EVER,
        lockOutObservationWindow=-30 * minute,
    )
    people(domain)
    # What application pools would run as.
    for account, host in (("svc-lync", "lync-fe"), ("svc-exch", "exch")):
        domain.db.newuser(account, PASSWORD)
        domain.service(account, f"HTTP/{host}.{DNS}", msDS_SupportedEncryptionTypes=AES)
    # A service of the days before AES.
    domain.db.newuser("svc-old", PASSWORD)
    domain.service("svc-old", f"HTTP/old.{DNS}")
    # Computer accounts, as those cannot be locked out by strangers.
    for host in ("gateway", "rogue"):
        domain.db.newcomputer(host)
        domain.password(f"{host}$", PASSWORD)
        domain.service(
            f"{host}$", f"HTTP/{host}.{DNS}", msDS_SupportedEncryptionTypes=AES
        )
    domain.flags("gateway$", MAY_CHANGE_PROTOCOL)
    allowed = [f"HTTP/{host}.{DNS}" for host in ("lync-fe", "exch", "gateway")]
    domain.write(domain.dn("gateway$"), msDS_AllowedToDelegateTo=allowed)
    domain.keytab("gateway.keytab", ("gateway$", f"HTTP/gateway.{DNS}"))
    domain.keytab("rogue.keytab", ("rogue$", f"HTTP/rogue.{DNS}"))
    domain.keytab("backend.keytab", (f"HTTP/lync-fe.{DNS}", f"HTTP/exch.{DNS}"))
    domain.keytab("old.keytab", (f"HTTP/old.{DNS}",))


def people(domain):
    # Like alice and bob; for stories that weave many.
    for number in range(1, 65):
        domain.db.newuser(f"user{number}", PASSWORD)
    for user in ("alice", "bob", "carol", "dave", "erin", "frank", "gina", "reader"):
        domain.db.newuser(user, PASSWORD, mailaddress=f"{user}@{DNS}")
    domain.flags("carol", MAY_NOT_BE_DELEGATED)
    domain.flags("dave", DISABLED)
    domain.write(domain.dn("erin"), accountExpires=LONG_AGO)
    domain.write(domain.dn("frank"), lockoutTime=LONG_AGO)
    domain.write(domain.dn("gina"), pwdLastSet=0)


def counters(domain):
    """What a wrong or a right password changes ([MS-ADTS] 3.1.1.5.3), of every account."""
    names = ("sAMAccountName", "badPwdCount", "lockoutTime", "logonCount", "lastLogon")
    found = domain.db.search(
        domain.db.domain_dn(), expression="(sAMAccountName=*)", attrs=list(names)
    )
    for account in sorted(found, key=lambda it: str(it["sAMAccountName"])):
        print(" ".join(str(account.get(name, idx=0)) for name in names))


def guess(account):
    """One wrong password, as whoever binds with what a client sent would try it."""
    lp = LoadParm()
    lp.set("tls verify peer", "no_check")
    wrong = Credentials()
    wrong.set_bind_dn(f"CONTOSO\\{account}")
    wrong.set_password("Wrong.1")
    try:
        SamDB(url=f"ldaps://{ADDRESS}", credentials=wrong, lp=lp)
    except LdbError as error:
        # The code of a wrong password within AD's answer.
        if "data 52e" in str(error):
            return
        raise
    raise SystemExit("a wrong password was right")


def main():
    parser = argparse.ArgumentParser()
    verbs = ("make", "rotate", "password", "disable", "enable", "rename", "delete", "hide", "counters", "guess", "name", "serve", "set", "renew")
    parser.add_argument("verb", choices=verbs)
    parser.add_argument("top")
    parser.add_argument("account", nargs="?")
    parser.add_argument("name", nargs="?")
    given = parser.parse_args()
    if given.verb == "make":
        make(given.top)
    elif given.verb == "counters":
        counters(Domain(given.top))
    elif given.verb == "guess":
        guess(given.account)
    elif given.verb == "renew":
        # A back end's account and its keytab; whoever has a ticket has one for the former key.
        domain = Domain(given.top)
        domain.password("svc-lync", uuid.uuid4().hex + ".Aa1")
        os.remove(os.path.join(given.top, "backend.keytab"))
        domain.keytab("backend.keytab", (f"HTTP/lync-fe.{DNS}", f"HTTP/exch.{DNS}"))
    elif given.verb == "password":
        Domain(given.top).password(given.account, uuid.uuid4().hex + ".Aa1")
    elif given.verb == "set":
        # As `svc-exch servicePrincipalName=HTTP/a,HTTP/b`.
        attribute, values = given.name.split("=", 1)
        domain = Domain(given.top)
        domain.write(domain.dn(given.account), **{attribute: values.split(",")})
    elif given.verb == "serve":
        Domain(given.top).serve(given.account, int(given.name))
    elif given.verb == "name":
        Domain(given.top).name(given.account, given.name)
    elif given.verb == "rotate":
        domain = Domain(given.top)
        domain.password(given.account, uuid.uuid4().hex + ".Aa1")
        host = given.account.rstrip("$")
        domain.keytab(f"{host}.keytab", (given.account, f"HTTP/{host}.{DNS}"))
    elif given.verb == "rename":
        Domain(given.top).rename(given.account, given.name)
    elif given.verb == "delete":
        Domain(given.top).delete(given.account)
    elif given.verb == "hide":
        Domain(given.top).hide(given.account)
    elif given.verb == "enable":
        Domain(given.top).flags(given.account, 0, less=DISABLED)
    else:
        Domain(given.top).flags(given.account, DISABLED)


if __name__ == "__main__":
    sys.exit(main())
