#!/usr/bin/python3
"""Write LDIF as `slapadd` reads it: no version line, parents first, the values of an attribute together.

    load_order.py FOLDER SUFFIX... -- EXPORT...

FOLDER/0.ldif has the entries at and below the first SUFFIX, and so on. An entry outside of all suffixes, or a DN that
appears twice, is an error (exit status 1).
"""

import sys

import ldif

import names


def read(path):
    """The entries of an export: (dn, parsed dn, {attribute: values}), attributes merged without regard to case."""
    with open(path, "rb") as file:
        records = ldif.LDIFRecordList(file)
        records.parse()
    for dn, attributes in records.all_records:
        spelling, merged = {}, {}
        for attribute, values in attributes.items():
            first = spelling.setdefault(attribute.lower(), attribute)
            merged.setdefault(first, []).extend(values)
        yield dn, names.parse(dn), merged


def main():
    folder, *rest = sys.argv[1:]
    split = rest.index("--")
    suffixes = [names.parse(suffix) for suffix in rest[:split]]
    found, seen = [[] for _ in suffixes], {}
    for path in rest[split + 1 :]:
        for dn, key, attributes in read(path):
            if key in seen:
                sys.exit(f"{path}: {dn!r} comes twice, first as {seen[key]!r}")
            seen[key] = dn
            homes = [at for at, suffix in enumerate(suffixes) if key[: len(suffix)] == suffix]
            if not homes:
                sys.exit(f"{path}: {dn!r} is below none of the suffixes")
            found[homes[0]].append((len(key), dn, attributes))
    for at, entries in enumerate(found):
        with open(f"{folder}/{at}.ldif", "w", encoding="ascii") as file:
            writer = ldif.LDIFWriter(file)
            for _, dn, attributes in sorted(entries, key=lambda entry: entry[0]):
                writer.unparse(dn, attributes)


main()
