"""Every training run as a record of MLflow: settings, figures for each language, hashes, and the model itself.

The store is the one that MLflow is configured for (``MLFLOW_TRACKING_URI``), else `mlflow.db` in the current folder.
A run is never lost to a store that cannot be reached: training goes on and says so.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from intentclf import __version__
from intentclf.settings import Settings

__all__ = ["EXPERIMENT", "track_run"]

EXPERIMENT = "intentclf"
_LOCAL = "sqlite:///mlflow.db"


def track_run(folder: Path, settings: Settings, facts: Mapping[str, Any], scores: Mapping[str, Any]) -> str | None:
    """Record a trained model.

    Parameters
    ----------
    folder : Path
        Of the saved model.
    settings : Settings
    facts, scores
        See `train.pipeline`.

    Returns
    -------
    str or None
        Id of the run; None where it could not be recorded, which is said on standard error.
    """
    try:
        import mlflow
        from mlflow.exceptions import MlflowException
    except ImportError:
        sys.stderr.write("run not tracked: mlflow is not installed (pip install 'intentclf[train]')\n")
        return None
    _quiet()
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")  # the default waits for minutes
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI") or _LOCAL)
    try:
        mlflow.set_experiment(EXPERIMENT)
        with mlflow.start_run() as run:
            mlflow.log_params(_flat(settings.to_dict()))
            mlflow.log_metrics(_metrics(scores))
            mlflow.set_tags(_flat({"intentclf": __version__, **{key: facts[key] for key in _TAGS}}))
            mlflow.log_dict(dict(facts), "facts.json")
            _log_model(folder)
            return str(run.info.run_id)
    except (MlflowException, OSError) as error:
        first = str(error).partition("\n")[0]
        sys.stderr.write(f"run not tracked: {first}\n")
        return None


_TAGS = ("data_sha256", "split_sha256", "codebook_sha256", "rows")


def _log_model(folder: Path) -> None:
    """The model as code and plain files: MLflow unpickles nothing when it loads it."""
    import mlflow
    import pandas as pd
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, Schema

    from intentclf.train import pyfunc

    signature = ModelSignature(
        inputs=Schema([ColSpec(DataType.string, "text")]), outputs=Schema([ColSpec(DataType.string, "answer")])
    )
    example = pd.DataFrame({"text": ["mail doet het niet", "не могу зайти"]}, dtype=object)
    mlflow.pyfunc.log_model(
        name="model",
        python_model=pyfunc.__file__,
        artifacts={pyfunc.FOLDER: str(folder)},
        signature=signature,
        input_example=example,
        pip_requirements=[f"intentclf=={__version__}"],
    )


def _metrics(scores: Mapping[str, Any]) -> dict[str, float]:
    return {
        f"{head}.{language}.{key}": float(value)
        for head, languages in scores.items()
        for language, row in languages.items()
        for key, value in row.items()
        if value is not None
    }


def _flat(groups: Mapping[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, values in groups.items():
        if isinstance(values, Mapping):
            flat |= {f"{name}.{key}": value for key, value in values.items()}
        else:
            flat[name] = values
    return flat


def _quiet() -> None:
    """MLflow reports its own migrations and hints at length; here only faults matter."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="mlflow")
