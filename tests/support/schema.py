# SPDX-License-Identifier: Apache-2.0
"""JSON schemas as proto/openapi.yaml uses them, with one rule more: what a schema does not name, a value must not have.

Only the words in TAKEN are known, and a schema with another one is an error of the test, so that nothing goes unchecked."""
import json
import re

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
TAKEN = {"$ref", "type", "properties", "required", "additionalProperties", "unevaluatedProperties", "enum", "const", "pattern",
         "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "maxProperties", "propertyNames", "items",
         "oneOf", "anyOf", "allOf", "format"}
SAID = {"description", "example", "default"}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


class Schemas:
    def __init__(self, document):
        self.document = document

    def at(self, ref):
        found = self.document
        for name in ref.removeprefix("#/").split("/"):
            found = found[name]
        return found

    def follow(self, thing):
        """What a reference is about; what stands beside it is only words, but for schemas."""
        while "$ref" in thing:
            thing = self.at(thing["$ref"])
        return thing

    def faults(self, value, schema, where=""):
        if schema == {}:
            return []
        found, known = self._look(value, schema, where)
        if isinstance(value, dict):
            found += [f"{where}/{name}: not documented" for name in value if name not in known]
        return found

    def names(self, schema):
        """{name: schema} of the members that an object may have."""
        out = dict(schema.get("properties", {}))
        for more in [*schema.get("allOf", ()), *([self.at(schema["$ref"])] if "$ref" in schema else ())]:
            out |= self.names(more)
        return out

    def _look(self, value, schema, where):
        unknown = set(schema) - TAKEN - SAID
        assert not unknown, f"the test does not know {unknown}"
        found, known = [], set()

        def also(schema):
            more, names = self._look(value, schema, where)
            found.extend(more)
            known.update(names)
        if "$ref" in schema:
            also(self.at(schema["$ref"]))
        for one in schema.get("allOf", ()):
            also(one)
        for word in ("oneOf", "anyOf"):
            if word in schema:
                self._choose(value, schema[word], word == "oneOf", where, found, known)
        found += [f"{where}: {fault}" for fault in self._of_itself(value, schema)]
        if isinstance(value, dict):
            self._members(value, schema, where, found, known)
        if isinstance(value, list):
            for index, one in enumerate(value):
                found += self.faults(one, schema["items"], f"{where}/{index}") if "items" in schema else []
        return found, known

    def _choose(self, value, schemas, one, where, found, known):
        looks = [self._look(value, schema, where) for schema in schemas]
        fitting = [names for faults, names in looks if not faults]
        if not fitting or (one and len(fitting) > 1):
            found.append(f"{where}: {len(fitting)} of {len(schemas)} schemas fit {json.dumps(value)}: {looks}")
        for names in fitting:
            known.update(names)

    def _members(self, value, schema, where, found, known):
        properties = schema.get("properties", {})
        others = schema.get("additionalProperties", False)
        others = {} if others is True else others
        found += [f"{where}/{name}: missing" for name in schema.get("required", ()) if name not in value]
        for name, member in value.items():
            if name in properties or others is not False:
                known.add(name)
                found += self.faults(member, properties.get(name, others), f"{where}/{name}")
        if "propertyNames" in schema:
            for name in value:
                found += self.faults(name, schema["propertyNames"], f"{where} (its name)")

    @staticmethod
    def _of_itself(value, schema):
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if kinds and not any(is_kind(value, kind) for kind in kinds):
            yield f"{json.dumps(value)} is none of {kinds}"
        if "const" in schema and value != schema["const"]:
            yield f"{value} is not {schema['const']}"
        if "enum" in schema and value not in schema["enum"]:
            yield f"{value} is none of {schema['enum']}"
        if isinstance(value, str):
            if not re.search(schema.get("pattern", ""), value):
                yield f"{value} does not match {schema['pattern']}"
            if schema.get("format") == "date-time" and not TIME.fullmatch(value):
                yield f"{value} is no time"
        size = len(value) if isinstance(value, (str, list, dict)) else 0
        number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
        word = {str: "Length", list: "Items", dict: "Properties"}.get(type(value), "")
        if word and not schema.get("min" + word, 0) <= size <= schema.get("max" + word, size):
            yield f"its size {size} is out of bounds"
        if number is not None and not schema.get("minimum", number) <= number <= schema.get("maximum", number):
            yield f"{number} is out of bounds"


def is_kind(value, kind):
    if kind in ("integer", "number"):
        return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, KINDS[kind])
