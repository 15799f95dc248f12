"""The API's reference page, drawn on the server from the OpenAPI document: no script, no foreign asset."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from drf_spectacular.generators import SchemaGenerator


def api_docs(request: HttpRequest) -> HttpResponse:
    """Every operation with its parameters and the shape of its answer."""
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    schemas = document.get("components", {}).get("schemas", {})
    operations = [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("description", ""),
            "parameters": operation.get("parameters", []),
            "body": _fields(operation.get("requestBody", {}), schemas),
            "answers": [
                {"status": status, "meaning": answer.get("description", ""), "fields": _fields(answer, schemas)}
                for status, answer in operation.get("responses", {}).items()
            ],
        }
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return render(request, "api_docs.html", {"info": document["info"], "operations": operations})


def _fields(answer: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, str]]:
    content: dict[str, Any] = next(iter(answer.get("content", {}).values()), {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    if name == "Problem":  # the same for every operation: RFC 9457 has it
        return []
    schema = schemas.get(name, {})
    if "oneOf" in schema:  # one object or a list of them: the fields of one are told
        schema = schemas.get(schema["oneOf"][0].get("$ref", "").rpartition("/")[2], {})
    properties = schema.get("properties", {})
    return [{"name": key, "type": _type(value)} for key, value in properties.items()]


def _type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "object")
