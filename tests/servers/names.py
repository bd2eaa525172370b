"""Distinguished names for the scripts in this folder: parsed by libldap, compared as a directory does.

Shares no code with offboard on purpose, because the results are compared.
"""

import re
import unicodedata

import ldap.dn

# Every name of a type that the fixtures use in a DN, to the one that it is compared by (RFC 4519).
TYPES = {
    "userid": "uid",
    "0.9.2342.19200300.100.1.1": "uid",
    "commonname": "cn",
    "2.5.4.3": "cn",
    "organizationname": "o",
    "2.5.4.10": "o",
    "organizationalunitname": "ou",
    "2.5.4.11": "ou",
    "domaincomponent": "dc",
    "0.9.2342.19200300.100.1.25": "dc",
}


def text(value):
    """A value as caseIgnoreMatch sees it (RFC 4518, without the rarer mappings)."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", value).casefold())
    return " ".join(folded.split())


def parse(dn):
    """A DN as a tuple of RDNs from the root down; an RDN as a sorted tuple of (type, value)."""
    rdns = []
    for rdn in ldap.dn.str2dn(dn):
        pairs = [(TYPES.get(kind.lower(), kind.lower()), text(value)) for kind, value, _ in rdn]
        rdns.append(tuple(sorted(pairs)))
    return tuple(reversed(rdns))


def parse_with_uid(value):
    """A Name and Optional UID (RFC 4517, 3.3.21): the DN, and the bit string or None."""
    match = re.fullmatch(r"(.*)#('[01]*'B)", value, re.DOTALL)
    return (parse(match[1]), match[2]) if match else (parse(value), None)
