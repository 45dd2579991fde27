# make benchmark: the mini benchmark from a fresh clone. Needs Python >= 3.11 (choose one with PYTHON=python3.12) and make.
PYTHON ?= python3
VENV ?= .venv
INSTALLED := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help benchmark smoke report pull track stages schema test lint format lock

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1  /p' $(MAKEFILE_LIST) | expand -t 20

benchmark: $(INSTALLED)  ## the mini benchmark: results/dg_miou.csv
	snakemake

smoke: $(INSTALLED)  ## every rule with the fewest steps; the numbers mean nothing
	snakemake --configfile config/smoke.yaml

report: $(INSTALLED)  ## results/report.html of a finished benchmark
	snakemake --report results/report.html

pull: $(INSTALLED)  ## after a clone: data, weights and results from the DVC remote; then nothing is left to run
	dvc pull
	snakemake --touch --forceall

track: $(INSTALLED)  ## after a run: what it made is recorded in dvc.lock and pushed to the DVC remote
	@snakemake --dry-run 2>&1 | grep -q 'Nothing to be done' || { \
	  echo 'results/ is not what this configuration makes: run snakemake first; snakemake -n tells what is missing' >&2; exit 1; }
	dvc commit --force
	snakemake --touch --forceall  # dvc commit gives single files new times
	dvc push

stages: $(INSTALLED)  ## dvc.yaml and paper_pipeline/dvc.yaml again, when stages, options or imports change
	python workflow/lib/stages.py config/config.yaml dvc.yaml
	python workflow/lib/stages.py config/paper.yaml paper_pipeline/dvc.yaml

schema: $(INSTALLED)  ## the configuration's schema and docs/options.md again, after a change of options
	python workflow/lib/schema.py

test: $(INSTALLED)  ## all tests
	pytest -q

lint: $(INSTALLED)  ## formatting and rules, as CI checks them
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

format: $(INSTALLED)  ## format the sources
	ruff check --fix .
	ruff format .
	snakefmt workflow

lock: $(INSTALLED)  ## pin what is installed: requirements.txt, workflow/envs
	python workflow/lib/lock.py

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, but $(PYTHON) is not: name one with 'make PYTHON=/path/to/python3.11 ...'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@
