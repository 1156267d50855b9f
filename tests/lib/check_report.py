#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check_report.py SCHEMA REPORT...: checks JSON reports against the schema, which must name every member that they have.

Readers are to pass over members that they do not know, so the schema allows them; a report of this version has none.
Exit status: 0 valid, 1 not, with a line for each mistake."""
import json
import sys

import jsonschema


def close(schema):
    """Forbids members that the schema does not name, in place."""
    if isinstance(schema, dict):
        if "properties" in schema and isinstance(schema["properties"], dict):
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft7Validator.check_schema(schema)
    close(schema)
    validator = jsonschema.Draft7Validator(schema)
    mistakes = 0
    for path in sys.argv[2:]:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        for error in validator.iter_errors(report):
            mistakes += 1
            print(f"{path}: {'/'.join(map(str, error.absolute_path))}: {error.message[:200]}")
            for cause in error.context:
                print(f"  {cause.message[:200]}")
    return 1 if mistakes else 0


sys.exit(main())
