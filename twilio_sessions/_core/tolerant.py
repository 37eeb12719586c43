"""Models by cattrs: reads with good will what is off the contract, and turns models into JSON's own types."""

from __future__ import annotations

import functools
from datetime import UTC, datetime
from typing import Any, TypeVar, cast

import attrs
import msgspec
from cattrs import Converter
from cattrs.gen import make_dict_structure_fn

__all__ = ["to_builtins", "tolerant"]

T = TypeVar("T")


def _tolerant_datetime(value: object, _: type[datetime]) -> datetime:
    if not isinstance(value, str):
        raise TypeError(f"a date must be a string, got {value!r}")
    parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed


def _tolerant_int(value: object, _: type[int]) -> int:
    return int(cast("str", value))


def _tolerant_str(value: object, _: type[str]) -> str:
    if not isinstance(value, str | int | float):
        raise TypeError(f"expected text, got {type(value).__name__}")
    return str(value)


def _structure_model(converter: Converter, model: type[T]) -> Any:
    """Structure an attrs class so that a null where the contract has none stands for the default."""
    inner = make_dict_structure_fn(model, converter)
    required = {field.name for field in attrs.fields(cast("Any", model)) if field.default is attrs.NOTHING}

    def structure(value: object, type_: type[T]) -> T:
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {type(value).__name__}")
        present = {k: v for k, v in cast("dict[str, object]", value).items() if v is not None}
        if not required <= present.keys():
            raise ValueError(f"{' and '.join(sorted(required))} must be there")
        return inner(present, type_)

    return structure


def _structure_struct(converter: Converter, model: type[msgspec.Struct]) -> Any:
    """Structure a msgspec class, which here is always one that picks some fields, all of them optional."""
    types = {field.name: field.type for field in msgspec.structs.fields(model)}

    def structure(value: object, _: type[msgspec.Struct]) -> msgspec.Struct:
        if not isinstance(value, dict):
            raise TypeError(f"expected an object, got {type(value).__name__}")
        present = {k: v for k, v in cast("dict[str, object]", value).items() if k in types and v is not None}
        return model(**{name: converter.structure(found, types[name]) for name, found in present.items()})

    return structure


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@functools.cache
def tolerant() -> Converter:
    """Build, on first need, the converter that reads what is off the contract."""
    converter = Converter(detailed_validation=False)
    converter.register_structure_hook_factory(attrs.has, functools.partial(_structure_model, converter))
    converter.register_structure_hook_factory(_is_struct, functools.partial(_structure_struct, converter))
    converter.register_structure_hook_func(lambda kind: kind is object, lambda value, _: value)
    converter.register_structure_hook(datetime, _tolerant_datetime)
    converter.register_structure_hook(int, _tolerant_int)
    converter.register_structure_hook(str, _tolerant_str)
    return converter


@functools.cache
def _plain() -> Converter:
    converter = Converter()
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat().replace("+00:00", "Z"))
    return converter


def to_builtins(model: object) -> dict[str, object]:
    """Turn a model into JSON's own types; dates become ISO 8601 in their time zone."""
    return cast("dict[str, object]", _plain().unstructure(model))
