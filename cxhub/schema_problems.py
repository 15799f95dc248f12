"""The errors that every operation of the API may answer, named once for the OpenAPI document."""

from typing import Any

#: What RFC 9457 calls a problem, as `cxhub.problems` writes it.
PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {"type": "object", "additionalProperties": {}, "description": "what is wrong with which field"},
    },
}
_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def with_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """The document with what any operation may refuse; every error that names no other shape is a Problem."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = PROBLEM
    for path, operations in result["paths"].items():
        for operation in operations.values():
            said = _refusals(path, operation) | operation["responses"]
            operation["responses"] = {status: _shaped(status, said[status]) for status in sorted(said)}
    return result


def _refusals(path: str, operation: dict[str, Any]) -> dict[str, dict[str, str]]:
    refusals = {
        "401": {"description": "no token and no session, or one that is not good"},
        "403": {"description": "the role may not"},
    }
    if operation.get("requestBody") or operation.get("parameters"):
        refusals["400"] = {"description": "not what was expected; `errors` says where"}
    if operation.get("requestBody"):
        refusals["413"] = {"description": "too long a body"}
        refusals["415"] = {"description": "of a type that is not taken"}
    if "{" in path:
        refusals["404"] = {"description": "nothing has this id"}
    return refusals


def _shaped(status: str, answer: dict[str, Any]) -> dict[str, Any]:
    return answer if status < "400" or answer.get("content") else answer | {"content": _CONTENT}
