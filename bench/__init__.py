"""The engine beside other classifiers on the same rows: `python -m bench` from the root of the repository.

`data` reads the shared data sets and makes tasks of them, `systems` fit and predict behind one interface, `run` puts
both together and counts with `measures`, `report` makes the page results.md of the record results.json alone.
"""
