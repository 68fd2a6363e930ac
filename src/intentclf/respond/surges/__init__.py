"""A bug shows as a surge of queries on one problem."""
