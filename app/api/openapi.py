"""OpenAPI 3.1: FastAPI's description of the routes, completed with the bodies that our own JSON
layer parses."""

from collections.abc import Iterator
from typing import Any  # Any: JSON schema

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app import wire
from app.api.examples import EXAMPLES

OPEN_PATHS = frozenset({"/healthz", "/readyz", "/version", "/v1/session"})
_REF = "#/components/schemas/{model}"
_PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "hint"],
    "properties": {
        "type": {"type": "string", "description": "clients switch on this word"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "hint": {"type": "string", "description": "what to do next"},
        "findings": {"type": "array", "items": {"type": "object"}},
    },
}


def describe(app: FastAPI) -> dict[str, Any]:  # Any: JSON schema
    """The whole document, made once an application."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes
        )
        components = document.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = _PROBLEM
        components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for route in routes(app):
            for method in route.methods or ():
                _complete(document, route, document["paths"][route.path_format][method.lower()])
        app.openapi_schema = document
    return app.openapi_schema


def routes(app: FastAPI) -> Iterator[APIRoute]:
    """Every route that is described (an application keeps its routers, not their routes)."""
    for router in app.state.routers:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.include_in_schema and router.include_in_schema:
                yield route


def _complete(
    document: dict[str, Any], route: APIRoute, operation: dict[str, Any]
) -> None:  # Any: JSON schema
    for kind in _body_kinds(route.dependant):
        schema = wire.adapter(kind).json_schema(ref_template=_REF, mode="validation")
        document["components"]["schemas"].update(schema.pop("$defs", {}))
        media: dict[str, Any] = {"schema": schema}  # Any: JSON schema
        if kind.__name__ in EXAMPLES:
            media["example"] = EXAMPLES[kind.__name__]
        operation["requestBody"] = {"required": True, "content": {"application/json": media}}
    if route.path not in OPEN_PATHS:
        operation["security"] = [{"bearer": []}]
    reference = {"$ref": "#/components/schemas/Problem"}
    operation["responses"].pop("422", None)
    operation["responses"]["4XX"] = {
        "description": "what is wrong and what to do next",
        "content": {"application/problem+json": {"schema": reference}},
    }


def _body_kinds(dependant: Dependant) -> Iterator[type]:
    for child in dependant.dependencies:
        kind = getattr(child.call, "json_kind", None)
        if kind is not None:
            yield kind
        yield from _body_kinds(child)
