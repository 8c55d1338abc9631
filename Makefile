# Tamis: `make` leaves the program at ./tamis. `make demo` and `make check` do everything from a
# bare machine, system packages included. Each kind of build has a folder of its own.

BUILD  ?= build/release
PREFIX ?= /usr/local
CFLAGS ?= -O2 -g
CXXFLAGS ?= $(CFLAGS)
STD     = -std=c17 -D_GNU_SOURCE
WARN    = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
CXXWARN = -Wall -Wextra $(WERROR)
VERSION = 0.1.0
JOBS   ?= $(shell nproc 2>/dev/null || echo 2)

# ---- libraries: a core of few, and features that are used where pkg-config finds them ----
,        := ,
LUA      := $(firstword $(foreach p,lua5.4 lua-5.4 lua54 lua,$(shell pkg-config --exists '$p >= 5.4' 2>/dev/null && echo $p)))
CORE_PKG  = $(LUA) libcrypto sqlite3 simdjson zlib libzstd libxxhash
have      = $(shell pkg-config --exists $(1) 2>/dev/null && echo yes)
header    = $(shell echo '\#include <$(1)>' | $(CXX) -E -x c++ - >/dev/null 2>&1 && echo yes)
CURL         := $(call have,'libcurl >= 7.85' libssl)
# Products of matrices. Any build of OpenBLAS will do: it is told to use one thread.
BLAS_PKG     := $(if $(call have,openblas),openblas)
LAPACK_LIBS  := $(if $(BLAS_PKG),$(if $(call header,lapacke.h),-llapacke -llapack))
# FAISS (approximate pairs of vectors) is a static library over BLAS, LAPACK and OpenMP; nothing else needs it.
FAISS_LIBS   := $(if $(LAPACK_LIBS),$(if $(call header,faiss/IndexIVFFlat.h),-lfaiss $(LAPACK_LIBS) -lopenblas -lgomp))
FEATURE_PKG  := $(if $(call have,libpcre2-8),libpcre2-8) $(if $(call have,libhs),libhs) $(if $(call have,libedit),libedit) \
                $(if $(call have,fasttext),fasttext) $(if $(CURL),libcurl libssl) \
                $(BLAS_PKG)
FEATURE_DEFS := $(if $(call have,libpcre2-8),-DHAVE_PCRE2) $(if $(call have,libhs),-DHAVE_HS) \
                $(if $(call have,libedit),-DHAVE_EDIT) $(if $(call header,cld2/public/compact_lang_det.h),-DHAVE_CLD2) \
                $(if $(call have,fasttext),-DHAVE_FASTTEXT) $(if $(CURL),-DHAVE_CURL) \
                $(if $(BLAS_PKG),-DHAVE_OPENBLAS) $(if $(LAPACK_LIBS),-DHAVE_LAPACK) \
                $(if $(FAISS_LIBS),-DHAVE_FAISS)
# CLD2's tables of 160 languages go before its library, which has those of 80.
links         = $(shell echo 'int main(){}' | $(CXX) -x c++ - -o /dev/null -l$(1) >/dev/null 2>&1 && echo yes)
CLD2_FULL    := $(if $(call links,cld2_full),-Wl$(,)--push-state$(,)--no-as-needed -lcld2_full -Wl$(,)--pop-state)
FEATURE_LIBS := $(if $(call header,cld2/public/compact_lang_det.h),$(CLD2_FULL) -lcld2) $(FAISS_LIBS) $(LAPACK_LIBS)

CPPFLAGS += -Imodules -I. -I$(BUILD) -DTAMIS_VERSION='"$(VERSION)"' $(FEATURE_DEFS) \
            $(shell pkg-config --cflags $(CORE_PKG) $(FEATURE_PKG) 2>/dev/null)
CJSON     = -l:liblua5.4-cjson.a
LIBS      = $(CJSON) $(shell pkg-config --libs $(CORE_PKG) $(FEATURE_PKG) 2>/dev/null) $(FEATURE_LIBS) -lpthread -ldl -lm

# ---- sources: wildcards, so that a new module needs no line here but the one in modules.c ----
MODULE_C  = $(wildcard modules/*/*.c)
BINDING_C = $(filter $(foreach d,$(wildcard modules/*),$(d)/lua_%.c),$(MODULE_C)) modules/modules.c
KERNEL_C  = $(filter-out $(BINDING_C),$(MODULE_C))
KERNEL_CC = $(wildcard modules/*/*.cc)
RUNTIME_C = $(filter-out runtime/main.c,$(wildcard runtime/*.c))
SCRIPTS   = $(shell find scripts -name '*.lua' -o -name '*.css' -o -name '*.js' | LC_ALL=C sort)
obj       = $(patsubst %,$(BUILD)/%.o,$(basename $(1)))

KERNELS  = $(BUILD)/libkernels.a
HOST     = $(call obj,$(RUNTIME_C) $(BINDING_C)) $(BUILD)/embedded.o $(BUILD)/weights.o
C_TESTS  = $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
SERVER_C = $(wildcard tests/judge_server/*.c)
SERVER   = $(BUILD)/judge_server
BENCHES  = $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c))

.SECONDARY:
.PHONY: fit-toxicity all demo check check-bare check-sdk check-c test asan tsan bench soak eval lint fuzz install uninstall clean deps readme
all: tamis

tamis: $(BUILD)/tamis
	@ln -sf $(BUILD)/tamis tamis
$(BUILD)/tamis: $(BUILD)/runtime/main.o $(HOST) $(KERNELS)
	$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(KERNELS): $(call obj,$(KERNEL_C) $(KERNEL_CC))
	@rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/%.o: %.cc Makefile
	@mkdir -p $(@D)
	$(CXX) -std=c++17 $(CXXWARN) $(CPPFLAGS) $(CXXFLAGS) -MMD -MP -c -o $@ $<

# Every script, and the report's style and script, becomes a C array: {name, bytes, length}, the name
# without scripts/ and .lua.
$(BUILD)/embedded.c: $(SCRIPTS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "runtime/embedded.h"'; n=0; \
	for f in $(SCRIPTS); do \
	  echo "static const unsigned char s$$n[] = {"; od -An -v -tx1 $$f | sed 's/ \(..\)/0x\1,/g'; echo "0};"; \
	  n=$$((n+1)); done; \
	echo 'const EmbeddedScript embedded_scripts[] = {'; n=0; \
	for f in $(SCRIPTS); do m=$${f#scripts/}; m=$${m%.lua}; \
	  echo "{\"$$(echo $$m | tr / .)\", s$$n, sizeof s$$n - 1},"; n=$$((n+1)); done; \
	echo '{0, 0, 0}};'; } > $@
# The weights of the stage toxicity, as bytes (modules/classify/shipped.h).
WEIGHTS = modules/classify/toxicity.weights
$(BUILD)/weights.c: $(WEIGHTS) Makefile
	@mkdir -p $(@D)
	@{ echo '#include "classify/shipped.h"'; echo 'const unsigned char classify_shipped[] = {'; \
	od -An -v -tx1 $< | sed 's/ \(..\)/0x\1,/g'; echo '0};'; \
	echo 'const size_t classify_shipped_len = sizeof classify_shipped - 1;'; } > $@
# They are fitted to sets of DATA, a folder, and to sentences.jsonl, written for it: what one says to one person, threats,
# and short clean texts. HateCheck calls abuse of a person or a trade not hateful: that is measured, not fitted to. What
# they are worth stands in their header and in the README.
DATA ?= ../shared/data
CLEAN = raw_math.jsonl raw_multilingual.jsonl raw_support.jsonl.gz raw_tickets.jsonl alpaca.jsonl.gz alpaca.json \
        sharegpt.jsonl openai_messages.jsonl judge_llmbar.jsonl
fit-toxicity: $(BUILD)/tamis
	$(BUILD)/tamis fit toxicity $(DATA)/toxicity_social.jsonl $(DATA)/toxicity_hatecheck.jsonl \
	  modules/classify/sentences.jsonl --not-fitted target_indiv_nh --not-fitted target_group_nh \
	  $(addprefix --clean $(DATA)/,$(CLEAN)) --words $(DATA)/wordlist_offensive.jsonl --by functionality \
	  --about "texts: surge-ai/toxicity (MIT), paul-rottger/hatecheck-data (CC-BY-4.0), sentences of its own; words: \
	LDNOOBW (CC-BY-4.0); clean rows: PolyAI banking77, Google Taskmaster-4 (CC-BY-4.0), GSM8K, GPTeacher, LLMBar (MIT), \
	truthfulqa-multi (Apache-2.0)" --out $(WEIGHTS) --replace
$(BUILD)/embedded.o $(BUILD)/weights.o: %.o: %.c
	$(CC) $(STD) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# ---- tests: C units, then Lua units and whole runs inside the test host ----
$(BUILD)/tests/%: $(BUILD)/tests/%.o $(KERNELS)
	$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
$(BUILD)/tamis-test: $(BUILD)/tests/host.o $(HOST) $(KERNELS)
	$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
# What a model provider would say, on loopback (tests/judge_server/README.md); HTTP/2 where nghttp2 is there.
$(call obj,$(SERVER_C)): CPPFLAGS += $(if $(call have,libnghttp2),-DHAVE_NGHTTP2)
$(SERVER): $(call obj,$(SERVER_C)) $(KERNELS)
	$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(shell pkg-config --libs libssl $(if $(call have,libnghttp2),libnghttp2))
test: $(BUILD)/tamis $(C_TESTS) $(BUILD)/tamis-test $(SERVER)
	@tests/run $(BUILD)
# What the providers' published SDKs and types say of that server; needs node and the npm registry, else skips.
check-sdk: $(SERVER) $(BUILD)/tamis-test
	@tests/judge_server/sdk_check.sh $(SERVER) $(BUILD)/tamis-test
check: PACKAGES += libnghttp2-dev libfaiss-dev
check: deps
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/tamis $(C_TESTS) $(BUILD)/tamis-test $(SERVER)
	@tests/run $(BUILD)
demo: deps
	@$(MAKE) --no-print-directory -j$(JOBS) tamis
	@examples/demo.sh $(BUILD)/tamis

asan: SANITIZE = address,undefined
tsan: SANITIZE = thread
asan tsan:
	$(MAKE) -j$(JOBS) test BUILD=build/$@ CFLAGS="-O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE)"

# ---- bench: figures a CPU second; lint; fuzz: SECONDS_EACH a target ----
$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(KERNELS)
	@mkdir -p $(@D)
	$(CXX) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)
bench: $(BUILD)/tamis $(BUILD)/tamis-test $(SERVER) $(BENCHES)
	@tests/bench/run $(BUILD)

# What takes minutes: kills, seeded faults under a cap, and the pace under a server's limit, in real time.
soak: $(BUILD)/tamis $(BUILD)/tamis-test $(SERVER)
	@for t in tests/soak/*.lua; do echo "== $$t"; \
	  TAMIS=$(CURDIR)/$(BUILD)/tamis JUDGE_SERVER=$(CURDIR)/$(SERVER) $(BUILD)/tamis-test $$t || exit 1; done

# Verdicts and pairs against brute force and against the exact join; ROC figures on labelled pairs.
$(BUILD)/eval/%: $(BUILD)/tests/eval/%.o
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^
eval: $(BUILD)/tamis-test $(BUILD)/bench/make_rows $(BUILD)/eval/brute
	@$(BUILD)/tamis-test tests/eval/pii.lua
	@$(BUILD)/tamis-test tests/eval/secrets.lua
	@$(BUILD)/tamis-test tests/eval/language.lua
	@MAKE_ROWS=$(BUILD)/bench/make_rows BRUTE=$(BUILD)/eval/brute $(BUILD)/tamis-test tests/eval/eval.lua
	@$(BUILD)/tamis-test tests/eval/perplexity.lua
	@$(BUILD)/tamis-test tests/eval/rules.lua
	@$(BUILD)/tamis-test tests/eval/toxicity.lua
	@$(BUILD)/tamis-test tests/eval/rows.lua
	@$(BUILD)/tamis-test tests/eval/corpus.lua
	@$(BUILD)/tamis-test tests/eval/meaning.lua

lint: $(BUILD)/embedded.c
	cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=unknownMacro -Imodules -I. -j$(JOBS) runtime modules
	luacheck --no-color -q scripts tests examples

FUZZ = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
SECONDS_EACH ?= 60
fuzz: ; @$(MAKE) --no-print-directory -j$(JOBS) BUILD=build/fuzz CC=clang-14 CXX=clang++-14 \
	  CFLAGS="-O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" fuzz-run
.PHONY: fuzz-run
fuzz-run: $(FUZZ:%=$(BUILD)/fuzz/%)
	@for f in $(FUZZ); do echo "== $$f"; mkdir -p $(BUILD)/corpus/$$f; \
	  $(BUILD)/fuzz/$$f -max_total_time=$(SECONDS_EACH) -print_final_stats=0 -verbosity=0 $(BUILD)/corpus/$$f || exit 1; done
$(BUILD)/fuzz/%: $(BUILD)/tests/fuzz/%.o $(KERNELS)
	@mkdir -p $(@D)
	$(CXX) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LIBS)

# The parts of README.md that come from the stages' tables and the example's recipe.
readme: $(BUILD)/tamis-test ; @README=write $(BUILD)/tamis-test tests/test_readme.lua

# The README's set-up lines on a minimal Debian 12 (root, debootstrap); FOLDER keeps the systems.
check-bare:
	tests/bare.sh $(or $(FOLDER),build/bare)

install: tamis
	install -d $(DESTDIR)$(PREFIX)/bin
	install -m 755 $(BUILD)/tamis $(DESTDIR)$(PREFIX)/bin/tamis
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/tamis

# ---- system packages: nothing to do where all is there ----
PACKAGES = gcc g++ make pkg-config $(LIB_PACKAGES)
LIB_PACKAGES = liblua5.4-dev lua-cjson-dev libssl-dev libsqlite3-dev libsimdjson-dev zlib1g-dev \
  libzstd-dev libxxhash-dev libpcre2-dev libvectorscan-dev libcld2-dev libfasttext-dev libedit-dev \
  libcurl4-openssl-dev libopenblas-serial-dev liblapacke-dev
deps:
	@sh tests/deps.sh $(PACKAGES)

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

clean:
	rm -rf build tamis
