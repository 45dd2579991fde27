# `make benchmark` runs the mini benchmark from a fresh clone. Needs Python >= 3.11; select it with PYTHON=python3.12.
PYTHON ?= python3
VENV ?= .venv
INSTALLED := $(VENV)/.installed
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: help plan benchmark smoke report pull track stages schema rows networks docs audit test reliability fuzz lint format lock

help:  ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1  /p' $(MAKEFILE_LIST) | expand -t 20

plan: $(INSTALLED)  ## what the mini benchmark will take: jobs, time, memory, disk; `snakemake calibrate` measures first
	python workflow/lib/plan.py

benchmark: $(INSTALLED)  ## the mini benchmark: results/dg_miou.csv
	snakemake

smoke: $(INSTALLED)  ## every step of the default run, as short as possible; the numbers mean nothing
	snakemake --configfile config/smoke.yaml

report: $(INSTALLED)  ## results/report.html of what exists, also while a run is going on
	snakemake --nolock refresh_report

pull: $(INSTALLED)  ## after cloning: get data, weights and results from the DVC remote, so that nothing needs to run
	dvc pull
	snakemake --touch --forceall

track: $(INSTALLED)  ## after a run: record its outputs in dvc.lock and push them to the DVC remote
	@snakemake --dry-run 2>&1 | grep -q 'Nothing to be done' || { \
	  echo 'results/ is incomplete or out of date; run snakemake first (snakemake -n lists what is missing)' >&2; exit 1; }
	dvc commit --force
	snakemake --touch --forceall  # dvc commit changes modification times
	dvc push

stages: $(INSTALLED)  ## regenerate dvc.yaml and paper_pipeline/dvc.yaml after changes of stages, options or imports
	python workflow/lib/stages.py config/config.yaml dvc.yaml
	python workflow/lib/stages.py config/paper.yaml paper_pipeline/dvc.yaml

schema: $(INSTALLED)  ## regenerate the configuration's schema and docs/options.md after changes of options
	python workflow/lib/schema.py

rows: $(INSTALLED)  ## regenerate docs/published_rows.md after changes of config/paper.yaml or of the published settings
	python workflow/lib/published_rows.py

docs: $(INSTALLED)  ## the documentation as a site, build/site/index.html; `mkdocs serve` shows it while you write
	NO_MKDOCS_2_WARNING=1 mkdocs build

networks: $(INSTALLED)  ## recount the networks' parameters and operations after changes of architectures
	python workflow/lib/networks.py

test: $(INSTALLED)  ## all tests, two files at a time
	OMP_NUM_THREADS=1 pytest -q -n 2 --dist loadfile --no-loadscope-reorder

reliability: $(INSTALLED)  ## kill runs and damage files hundreds of times, for hours; writes docs/reliability.md
	PYTHONPATH=workflow/lib nice python -m tests.faults

fuzz: $(INSTALLED)  ## random input for every parser, for an hour; writes docs/fuzzing.md
	PYTHONPATH=workflow/lib python -m tests.fuzz

audit: $(INSTALLED)  ## compare the pinned packages with the known advisories; needs the network
	python -m venv build/audit
	build/audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit
	build/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement requirements.txt

lint: $(INSTALLED)  ## check formatting and lint, as in CI
	ruff check .
	ruff format --check .
	snakefmt --check workflow
	snakemake --lint

format: $(INSTALLED)  ## format the sources
	ruff check --fix .
	ruff format .
	snakefmt workflow

lock: $(INSTALLED)  ## pin the installed versions in requirements.txt and workflow/envs
	python workflow/lib/lock.py

$(INSTALLED): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than Python 3.11; use 'make PYTHON=/path/to/python3.11 ...'" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@
