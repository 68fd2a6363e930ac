"""The bench: labelled texts are split, heads fitted, probabilities calibrated, answers measured, runs tracked."""
