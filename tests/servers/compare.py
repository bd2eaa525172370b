#!/usr/bin/python3
"""Print the differences between the entries of two sets of LDIF exports.

    compare.py BEFORE... -- AFTER...

Exit status 0 when they are equal, 1 when they differ (each difference is a line on standard output), 2 on an error.
Entries are equal if their DNs and attributes are, in any order. Values are compared byte by byte, except that DNs are
parsed and object classes are compared without case. Attributes that the server maintains are left out.
"""

import sys

import ldif

import names

# The server maintains these; they differ in every run.
OPERATIONAL = {
    "contextcsn",
    "createtimestamp",
    "creatorsname",
    "dsentrydn",
    "entrycsn",
    "entrydn",
    "entryid",
    "entryuuid",
    "hassubordinates",
    "modifiersname",
    "modifytimestamp",
    "nsuniqueid",
    "numsubordinates",
    "parentid",
    "structuralobjectclass",
    "subschemasubentry",
}

# Attributes whose values are DNs, among those that the scenarios use.
DN_VALUED = {
    "icssecondaryowners",
    "iplanet-am-modifiable-by",
    "iplanet-am-static-group-dn",
    "mailenhanceduniquemember",
    "manager",
    "member",
    "memberof",
    "owner",
    "roleoccupant",
    "secretary",
    "seealso",
}


def key(attribute, value):
    """The key by which a value is compared."""
    kind = attribute.split(";")[0]
    if kind == "objectclass":
        return value.lower()
    if kind in DN_VALUED:
        return names.parse(value.decode())
    if kind == "uniquemember":
        return names.parse_with_uid(value.decode())
    return value


def load(paths):
    """{parsed dn: (dn, {attribute: {key: value as written}})}."""
    entries = {}
    for path in paths:
        with open(path, "rb") as file:
            records = ldif.LDIFRecordList(file)
            records.parse()
        for dn, attributes in records.all_records:
            shape = {}
            for attribute, values in attributes.items():
                attribute = attribute.lower()
                if attribute in OPERATIONAL:
                    continue
                into = shape.setdefault(attribute, {})
                for value in values:
                    if into.setdefault(key(attribute, value), value) is not value:
                        trouble(f"{path}: {dn!r}: {attribute} holds {value!r} twice")
            if names.parse(dn) in entries:
                trouble(f"{path}: {dn!r} comes twice")
            entries[names.parse(dn)] = dn, shape
    return entries


def trouble(message):
    print(message, file=sys.stderr)
    sys.exit(2)


def differences(before, after):
    for name in sorted(before.keys() | after.keys()):
        if name not in after:
            yield f"- {before[name][0]!r}: entry only before"
        elif name not in before:
            yield f"+ {after[name][0]!r}: entry only after"
        else:
            dn, old = before[name]
            new = after[name][1]
            for attribute in sorted(old.keys() | new.keys()):
                was, now = old.get(attribute, {}), new.get(attribute, {})
                yield from sorted(f"- {dn!r}: {attribute}: {was[k]!r}" for k in was.keys() - now.keys())
                yield from sorted(f"+ {dn!r}: {attribute}: {now[k]!r}" for k in now.keys() - was.keys())


def main():
    split = sys.argv.index("--")
    before, after = load(sys.argv[1:split]), load(sys.argv[split + 1 :])
    if not before:
        trouble("nothing to compare: the first set holds no entry")
    found = list(differences(before, after))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


main()
