#!/usr/bin/python3
"""Make the database of a new Active Directory domain, as Samba's domain controller would hold it.

    ad_provision.py FOLDER PASSWORD

FOLDER/private/sam.ldb is the directory of corp.example.test. Only the database is wanted: no DNS zones, no
sysvol with its file attributes, so no privilege is needed, and nothing outside FOLDER is written.
"""

import logging
import sys
from pathlib import Path

from samba.auth import system_session
from samba.param import LoadParm
from samba.provision import provision


def main():
    folder = Path(sys.argv[1]).resolve()
    settings = LoadParm()
    settings.load_default()
    provision(
        logging.getLogger("provision"),
        system_session(),
        lp=settings,
        smbconf=str(folder / "etc/smb.conf"),
        targetdir=str(folder),
        realm="CORP.EXAMPLE.TEST",
        domain="CORP",
        hostname="dc1",
        hostip="127.0.0.1",
        serverrole="active directory domain controller",
        dns_backend="NONE",
        # Of the administrator; it must be hard to guess.
        adminpass=sys.argv[2],
        # 4 is Windows Server 2008 R2, the highest that Samba 4.17 offers.
        dom_for_fun_level=4,
        base_schema="2012_R2",
        skip_sysvolacl=True,
    )


main()
