#!/usr/bin/python3
"""Change a directory as the commands of Sun Communications do.

    sun_tools.py URI BIND_DN PASSWORD_FILE COMMAND [ARGUMENT]...

Implements the effect on LDAP entries that technical note 819-6839 and the administration guides describe. The days of `-g`
are not counted, because a test runs the commands when they are over. `mboxutil` changes no entry: the script sets what the
runbook asks a person to set afterwards.
"""

import sys

import ldap
import ldap.filter

MAIL = {"inetmailuser", "inetlocalmailrecipient", "userpresenceprofile"}
CALENDAR = {"icscalendaruser"}


def option(arguments, name):
    return arguments[arguments.index(name) + 1] if name in arguments else None


class Directory:
    def __init__(self, uri, bind_dn, password_file):
        self.connection = ldap.initialize(uri)
        with open(password_file, encoding="utf-8") as file:
            self.connection.simple_bind_s(bind_dn, file.read())
        root = self.connection.search_s("", ldap.SCOPE_BASE, "(objectClass=*)", ["namingContexts"])
        self.suffixes = [suffix.decode() for suffix in root[0][1]["namingContexts"]]

    def find(self, test, domain=None):
        """Entries that match; in a domain, if one is given: its name has the RDN o=DOMAIN."""
        found = []
        for suffix in self.suffixes:
            for dn, attributes in self.connection.search_s(suffix, ldap.SCOPE_SUBTREE, test, ["*"]):
                rdns = [rdn.strip().lower() for rdn in dn.split(",")]
                if domain in (None, "*") or f"o={domain.lower()}" in rdns:
                    found.append((dn, {name.lower(): values for name, values in attributes.items()}))
        return found

    def set(self, dn, name, value):
        self.connection.modify_s(dn, [(ldap.MOD_REPLACE, name, [value.encode()])])


def uid_filter(uid):
    return ldap.filter.filter_format("(uid=%s)", [uid])


def status(attributes, name):
    values = attributes.get(name.lower(), [b"active"])
    return values[0].decode().lower()


def classes(attributes):
    return {value.decode().lower() for value in attributes["objectclass"]}


def strip(directory, dn, attributes, service):
    gone = MAIL if service == "mail" else CALENDAR
    changes = [(ldap.MOD_DELETE, "objectClass", [value for value in attributes["objectclass"] if value.decode().lower() in gone])]
    for name in attributes:
        own = name.startswith("ics") if service == "calendar" else name.startswith("mail") and name != "mail"
        if own:
            changes.append((ldap.MOD_DELETE, name, None))
    directory.connection.modify_s(dn, changes)


def domain_purge(directory, domain):
    """Technical note 819-6839, "Actions Performed by the Domain Purge Command"."""
    for dn, attributes in directory.find("(&(objectClass=inetUser)(inetUserStatus=deleted))", domain):
        has = classes(attributes)
        mail = "inetmailuser" not in has or status(attributes, "mailUserStatus") == "removed"
        calendar = "icscalendaruser" not in has or status(attributes, "icsStatus") == "removed"
        if mail and calendar:
            for kind in ("uniqueMember", "owner"):
                for group, values in directory.find(ldap.filter.filter_format(f"({kind}=%s)", [dn])):
                    names = [value for value in values[kind.lower()] if same(value.decode(), dn)]
                    directory.connection.modify_s(group, [(ldap.MOD_DELETE, kind, names)])
            directory.connection.delete_s(dn)
        elif mail and "inetmailuser" in has:
            strip(directory, dn, attributes, "mail")
        elif calendar and "icscalendaruser" in has:
            strip(directory, dn, attributes, "calendar")


def same(a, b):
    def parts(dn):
        return [part.strip().lower() for part in dn.split(",")]

    return parts(a) == parts(b)


def run(directory, command, arguments):
    if command == "msuserpurge":
        test = "(&(objectClass=inetMailUser)(|(inetUserStatus=deleted)(mailUserStatus=deleted)))"
        for dn, _ in directory.find(test, option(arguments, "-d")):
            directory.set(dn, "mailUserStatus", "removed")
    elif command == "csclean":
        test = "(&(objectClass=icsCalendarUser)(|(inetUserStatus=deleted)(icsStatus=deleted)))"
        for dn, _ in directory.find(test, arguments[arguments.index("clean") + 1]):
            directory.set(dn, "icsStatus", "removed")
    elif command == "commadmin" and arguments[:2] == ["user", "delete"]:
        name = {"mail": "mailUserStatus", "cal": "icsStatus", None: "inetUserStatus"}[option(arguments, "-S")]
        for dn, _ in directory.find(uid_filter(option(arguments, "-l")), option(arguments, "-d")):
            directory.set(dn, name, "deleted")
    elif command == "commadmin" and arguments[:2] == ["domain", "purge"]:
        domain_purge(directory, option(arguments, "-d"))
    elif command == "csuser" and arguments[0] == "disable":
        for dn, _ in directory.find(uid_filter(arguments[1])):
            directory.set(dn, "icsAllowedServiceAccess", "http")
    elif command == "csuser" and arguments[0] == "delete":
        for dn, _ in directory.find(uid_filter(arguments[1])):
            directory.connection.delete_s(dn)
    elif command == "mboxutil" and arguments[0] == "-d":
        uid, _, domain = arguments[1].split("/")[1].partition("@")
        for dn, _ in directory.find(uid_filter(uid), domain or None):
            directory.set(dn, "mailUserStatus", "removed")
    else:
        raise SystemExit(f"sun_tools.py: no command {command} {arguments}")


if __name__ == "__main__":
    run(Directory(*sys.argv[1:4]), sys.argv[4], sys.argv[5:])
