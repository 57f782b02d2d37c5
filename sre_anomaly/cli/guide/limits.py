"""What a key may be, from the constructor that takes it."""

from typing import Any

from sre_anomaly import registry
from sre_anomaly.config.build import model_of_arguments
from sre_anomaly.config.catalogue import option_file
from sre_anomaly.errors import UserError

WORDS = {
    "exclusiveMinimum": "above {}",
    "minimum": "at least {}",
    "exclusiveMaximum": "below {}",
    "maximum": "at most {}",
}


def properties(kind: str, name: str) -> dict[str, dict[str, Any]]:
    """Return the JSON schema of each key of an option; empty where the class is of another library, or has values that JSON has not."""
    try:
        text = option_file(kind, name).read_text(encoding="utf-8")
        plugin = next(
            (
                line.partition(":")[2].split("#")[0].strip()
                for line in text.splitlines()
                if line.startswith("name:")
            ),
            name,
        )
        fields = model_of_arguments(registry.lookup(kind, plugin)).model_fields
    except UserError:
        return {}
    found: dict[str, dict[str, Any]] = {}
    for key, field in fields.items():
        found[key] = _schema(field.annotation, list(field.metadata))
    return found


def _schema(annotation: Any, metadata: list[Any]) -> dict[str, Any]:
    from typing import Annotated

    from pydantic import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError, TypeAdapter

    typed: Any = Annotated[(annotation, *metadata)] if metadata else annotation
    try:
        return dict(TypeAdapter(typed).json_schema())
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError):
        return {}


def limits_of(option: str, key: str) -> str:
    """Return what a key may be in words; empty where anything may stand there."""
    kind, _, name = option.partition("=")
    schema = properties(kind, name).get(key.removeprefix(f"{kind}.").partition(".")[0], {}) if option else {}
    return in_words(schema)


def in_words(schema: dict[str, Any]) -> str:
    """Return a schema in words.

    Examples
    --------
    >>> in_words({"exclusiveMinimum": 0, "maximum": 0.5, "type": "number"}), in_words({"enum": ["a", "b"]})
    ('a number above 0, at most 0.5', 'one of a, b')
    """
    if "enum" in schema:
        return f"one of {', '.join(map(str, schema['enum']))}"
    if "anyOf" in schema:
        parts = [text for text in map(in_words, schema["anyOf"]) if text]
        return ", or ".join(dict.fromkeys(parts))
    if schema.get("type") == "null":
        return "null"
    kinds = {
        "number": "a number",
        "integer": "a whole number",
        "string": "text",
        "boolean": "true or false",
        "array": "a list",
    }
    said = [kinds.get(str(schema.get("type")), "")]
    limits = [
        words.format(f"{schema[key]:g}")
        for key, words in WORDS.items()
        if isinstance(schema.get(key), (int, float))
    ]
    return " ".join([*filter(None, said), ", ".join(limits)]).strip()
