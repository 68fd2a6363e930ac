"""Reason codes and severity for vague support messages in Dutch, Norwegian, Russian and English.

>>> from intentclf import Query, load_model
>>> from intentclf.triage import triage
>>> answer = triage(Query("1", "не могу зайти в почту, пароль не подходит"), load_model())
>>> answer.reasons["outlook_com"].code
'not_outlook.microsoft_other.password'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from intentclf.codebooks.loader import load_codebook
    from intentclf.errors import InputError, IntentclfError, ModelError, SettingsError
    from intentclf.predict.artifact import load_model
    from intentclf.records import Answer, Query

__version__ = "0.1.0"

__all__ = [
    "Answer",
    "InputError",
    "IntentclfError",
    "ModelError",
    "Query",
    "SettingsError",
    "__version__",
    "load_codebook",
    "load_model",
]

_HOMES = {
    "Answer": "records",
    "InputError": "errors",
    "IntentclfError": "errors",
    "ModelError": "errors",
    "Query": "records",
    "SettingsError": "errors",
    "load_codebook": "codebooks.loader",
    "load_model": "predict.artifact",
}


def __getattr__(name: str) -> Any:
    # Resolved when first used, so that `intentclf --help` loads none of it. `triage` is not among them: the module of
    # that name would take its place as soon as anything imports it.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
