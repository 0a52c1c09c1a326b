"""Strategies that make values from a JSON schema: the part of the language that the chart's schema is written in."""

from hypothesis import strategies as st

LETTERS = st.characters(exclude_categories=["Cc", "Cs"])  # a file of values can hold no control characters
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(LETTERS, max_size=8),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(LETTERS, max_size=5), inner, max_size=2),
    max_leaves=4,
)
KNOWN = {
    "$ref", "additionalProperties", "anyOf", "dependencies", "enum", "items", "maxItems", "maxLength", "maxProperties",
    "maximum", "minItems", "minLength", "minProperties", "minimum", "pattern", "properties", "propertyNames",
    "required", "type", "uniqueItems",
}  # fmt: skip


def values_of(schema, whole):
    """Values that a part of the schema takes; `whole` holds its definitions."""
    assert schema.keys() <= KNOWN, schema.keys() - KNOWN
    if "$ref" in schema:
        return values_of(whole["definitions"][schema["$ref"].rpartition("/")[2]], whole)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([values_of(part, whole) for part in schema["anyOf"]])
    return KINDS[schema["type"]](schema, whole)


def _texts(schema, _):
    most = schema.get("maxLength", 300)
    if "pattern" in schema:
        # Written with ^ and $; Python's $ would take a line end too.
        pattern = schema["pattern"].removeprefix("^").removesuffix("$")
        found = st.from_regex(pattern, fullmatch=True, alphabet=LETTERS)
        return found.filter(lambda text: len(text) <= most)
    return st.text(LETTERS, min_size=schema.get("minLength", 0), max_size=20)


def _arrays(schema, whole):
    unique = repr if schema.get("uniqueItems") else None
    return st.lists(values_of(schema["items"], whole), min_size=schema.get("minItems", 0), max_size=3, unique_by=unique)


def _objects(schema, whole):
    named = {key: values_of(part, whole) for key, part in schema.get("properties", {}).items()}
    required = set(schema.get("required", []))
    made = st.fixed_dictionaries(
        {key: named[key] for key in required}, optional={key: named[key] for key in named.keys() - required}
    )
    rest = schema.get("additionalProperties", not named)
    if rest is not False:
        names = _texts(schema.get("propertyNames", {}), whole).filter(lambda name: name not in named)
        others = ANY if rest is True else values_of(rest, whole)
        made = st.builds(lambda own, more: more | own, made, st.dictionaries(names, others, max_size=2))
    return made.filter(lambda value: _allowed(value, schema))


def _allowed(value, schema):
    least, most = schema.get("minProperties", 0), schema.get("maxProperties", len(value))
    needed = (need for key in value for need in schema.get("dependencies", {}).get(key, []))
    return least <= len(value) <= most and all(need in value for need in needed)


KINDS = {
    "array": _arrays,
    "boolean": lambda *_: st.booleans(),
    "integer": lambda schema, _: st.integers(schema["minimum"], schema["maximum"]),
    "number": lambda schema, _: st.floats(schema["minimum"], schema["maximum"]),
    "object": _objects,
    "string": _texts,
}
