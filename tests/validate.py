"""Validates JSON documents by a JSON Schema: validate.py SCHEMA DOCUMENT...

Prints `valid NAME`, or `invalid NAME: PLACE: MESSAGE` for each fault. An invalid schema is an error.
"""

import json
import sys

from jsonschema import Draft202012Validator

with open(sys.argv[1], encoding="utf-8") as file:
    schema = json.load(file)
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
for name in sys.argv[2:]:
    with open(name, encoding="utf-8") as file:
        faults = sorted(validator.iter_errors(json.load(file)), key=lambda fault: fault.json_path)
    for fault in faults:
        print(f"invalid {name}: {fault.json_path}: {fault.message}")
    if not faults:
        print(f"valid {name}")
