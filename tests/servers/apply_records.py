#!/usr/bin/python3
"""Apply changes one by one and print the result code of each.

    apply_records.py URI BIND-DN PASSWORD-FILE < CHANGES

CHANGES has a JSON array on each line: ["add", dn, [[type, [value, ...]], ...]], ["delete", dn],
["modify", dn, [[op, type, [value, ...] or null], ...]], ["modrdn", dn, newrdn, deleteoldrdn, newsuperior or null].
Prints a line for each: the result code.
"""

import json
import sys

import ldap

OPS = {"add": ldap.MOD_ADD, "delete": ldap.MOD_DELETE, "replace": ldap.MOD_REPLACE}


def values(texts):
    return None if texts is None else [text.encode() for text in texts]


def do(server, kind, dn, *rest):
    if kind == "add":
        server.add_ext_s(dn, [(name, values(texts)) for name, texts in rest[0]])
    elif kind == "delete":
        server.delete_ext_s(dn)
    elif kind == "modify":
        server.modify_ext_s(dn, [(OPS[op], name, values(texts)) for op, name, texts in rest[0]])
    else:
        new_rdn, delete_old, superior = rest
        server.rename_s(dn, new_rdn, superior, delete_old)


def main():
    uri, who, password = sys.argv[1:]
    server = ldap.initialize(uri)
    with open(password, encoding="ascii") as file:
        server.simple_bind_s(who, file.read())
    for line in sys.stdin:
        try:
            do(server, *json.loads(line))
            print(0)
        except ldap.LDAPError as error:
            print(error.args[0]["result"])


main()
