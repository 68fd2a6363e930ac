"""An intentclf model for MLflow, as code: a frame with a column `text` in, the answers as JSON out.

MLflow runs this file when it loads the model; the model itself is the folder beside it, checked as always.
"""

from __future__ import annotations

import json
from typing import Any

import mlflow
import pandas as pd

from intentclf.predict.artifact import load_model
from intentclf.records import Query
from intentclf.triage import triage_many

__all__ = ["FOLDER", "IntentModel"]

FOLDER = "model_folder"


class IntentModel(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """Answers the texts of a frame."""

    def load_context(self, context: Any) -> None:
        """Check and open the model folder."""
        self.model = load_model(context.artifacts[FOLDER])

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:
        """One answer for each row.

        Parameters
        ----------
        context, params : ignored
        model_input : DataFrame
            With the column text.

        Returns
        -------
        DataFrame
            Column answer: the JSON object that `score` writes; ids are row numbers.
        """
        queries = [Query(str(number), str(text)) for number, text in enumerate(model_input["text"])]
        answers = [json.dumps(a.to_dict(), ensure_ascii=False) for a in triage_many(queries, self.model)]
        return pd.DataFrame({"answer": answers})


mlflow.models.set_model(IntentModel())
