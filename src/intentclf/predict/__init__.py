"""What it means: probabilities from the trained model, hits from the keyword rules."""

from intentclf.predict.artifact import load_model
from intentclf.predict.model import Model

__all__ = ["Model", "load_model"]
