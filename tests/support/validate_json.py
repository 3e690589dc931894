#!/usr/bin/env python3
"""validate_json.py SCHEMA FILE...: every file against the JSON Schema; exit 1 where one is wrong.

Needs the Debian package python3-jsonschema.
"""
import json
import sys

import jsonschema


def main() -> int:
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    wrong = 0
    for name in sys.argv[2:]:
        with open(name, encoding="utf-8") as file:
            document = json.load(file)
        for error in validator.iter_errors(document):
            path = "/".join(str(part) for part in error.absolute_path)
            print(f"{name}: {path}: {error.message}")
            wrong = 1
    return wrong


if __name__ == "__main__":
    sys.exit(main())
