# Every target sets up what it needs; `make` alone lists them. Needs python3 (3.11 or newer) and pip.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test lint types check golden repro bench bench-vectors bench-surge bench-mail soak wheel clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 16

setup: $(STAMP)  ## a development environment in .venv, with the pinned versions of constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "intentclf needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[train,dev]'
	@touch $@

run: $(STAMP)  ## answer the sample e-mails and print the answers
	@mkdir -p out
	$(BIN)/intentclf score data/samples --out out/answers.jsonl --table

test: $(STAMP)  ## all tests
	$(BIN)/pytest

lint: $(STAMP)  ## rules of style and format
	$(BIN)/ruff check src tests bench
	$(BIN)/ruff format --check src tests bench

types: $(STAMP)  ## strict type check
	$(BIN)/mypy

check: lint types test  ## lint, format, types, tests

golden: $(STAMP)  ## write the golden files anew; read the diff before you commit it
	$(BIN)/python -m tests.golden

repro: $(STAMP)  ## rebuild the model and its figures from data and settings, where something changed
	PATH="$(CURDIR)/$(BIN):$$PATH" dvc repro

bench: $(STAMP)  ## accuracy beside fastText, spaCy and TF-IDF on public data sets; needs ../shared, about an hour
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt fasttext-numpy2==0.10.4
	$(BIN)/python -m bench

bench-vectors: $(STAMP)  ## ways to learn vectors, compared; needs ../shared, about ten minutes
	$(BIN)/python -m bench.compare_vectors

bench-surge: $(STAMP)  ## simulated weeks with planted surges; about ten minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m bench.surge

bench-mail: $(STAMP)  ## e-mail: reply chains beside others, redaction by kind, messages a second; about three minutes
	$(BIN)/python -m bench.reply_chains
	$(BIN)/python -m bench.redaction
	$(BIN)/python -m bench.prelabel

soak: $(STAMP)  ## 100,000 mutated messages; 5,000 on a real server with 20 kills (needs dovecot-imapd); half an hour
	$(BIN)/python -m bench.mail_fuzz --messages 100000 --processes 2
	$(BIN)/python -m bench.prelabel --imap --messages 5000 --kills 20

wheel: $(STAMP)  ## build the wheel into dist/
	$(BIN)/python -m build --wheel

clean:  ## remove everything that was made
	rm -rf $(VENV) build dist out .mypy_cache .pytest_cache .ruff_cache .hypothesis
