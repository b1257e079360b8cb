#!/usr/bin/python3
"""Signs somebody in to the domain, as a member's logon does, and keeps the ticket in FILE, for whatever client
comes next: with Samba's own Python, as Debian's `kinit` is not among the lab's packages.

usage: ticket.py USER FILE  (inside the lab)
"""

import sys

import domain
from samba.credentials import MUST_USE_KERBEROS, Credentials
from samba.param import LoadParm


def main():
    user, file = sys.argv[1:]
    lp = LoadParm()
    lp.load("/mnt/dc/smb.conf")
    credentials = Credentials()
    credentials.guess(lp)
    credentials.set_kerberos_state(MUST_USE_KERBEROS)
    credentials.set_username(user)
    credentials.set_domain("CONTOSO")
    credentials.set_realm(domain.REALM)
    credentials.set_password(domain.PASSWORD)
    credentials.get_named_ccache(lp, f"FILE:{file}")


if __name__ == "__main__":
    sys.exit(main())
