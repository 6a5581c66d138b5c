# How the tests are built and run; tests/run says what a suite is.

.PHONY: check check-quick check-soak unit fuzz-build
# Of the thread flavour only what its suite runs.
unit: $(if $(filter thread,$(SAN)),$(addprefix $(B)/tests/,$(shell tests/run --list-threaded)),$(UNIT))
.SECONDARY: $(patsubst %.c,$(B)/%.o,$(wildcard tests/unit/*.c))

# Fuzzers: clang's, with every room compiled for coverage too.
FUZZ_FLAGS := -std=gnu17 -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	      -fno-sanitize-recover=all -D_GNU_SOURCE -DFUZZING -pthread -DSTIPPLE_VERSION='"$(VERSION)"' \
	      -DSTIPPLE_SYSCONFDIR='"$(sysconfdir)"' -Wall -Wextra -Iproto -Idaemon
FB         := build/fuzz
FUZZERS    := $(patsubst tests/fuzz/%.c,$(FB)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_ROOMS := $(patsubst %.c,$(FB)/%.o,$(PROTO_SRC) $(ROOM_SRC)) $(FB)/gen/sql_table.o

fuzz-build: $(FUZZERS)
$(FB)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CLANG $@
	$(Q)$(CLANG) $(FUZZ_FLAGS) $(PKG_CFLAGS) -MMD -MP -c -o $@ $<
$(FB)/gen/sql_table.c: tools/embed-sql.awk $(SQL_SRC)
	@mkdir -p $(@D)
	$(SAY) SQL $@
	$(Q)$(AWK) -f tools/embed-sql.awk $(SQL_SRC) >$@
$(FB)/gen/%.o: $(FB)/gen/%.c
	$(SAY) CLANG $@
	$(Q)$(CLANG) $(FUZZ_FLAGS) $(PKG_CFLAGS) -c -o $@ $<
$(FB)/librooms.a: $(FUZZ_ROOMS)
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(FB)/fuzz_%: $(FB)/tests/fuzz/fuzz_%.o $(FB)/librooms.a
	$(SAY) LD $@
	$(Q)$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS) -lm
.SECONDARY: $(patsubst %.c,$(FB)/%.o,$(wildcard tests/fuzz/*.c))
-include $(shell test -d $(FB) && find $(FB) -name '*.d')

JOBS ?= $(shell nproc)
check: deps-test		## install what tests need, build all flavours, run all tests (about ten minutes on two cores)
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 all unit
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 SAN=address all unit
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 SAN=thread all unit
	+@$(MAKE) --no-print-directory -j$(JOBS) fuzz-build
	@tests/run --suite plain --suite address --suite thread --suite fuzz

check-quick:			## build and run the plain suite only
	+@$(MAKE) --no-print-directory -j$(JOBS) all unit
	@tests/run --suite plain

check-soak: deps-test		## the long end-to-end tests: 200 more kills and pulls, plain and with sanitizers
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 all
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 SAN=address all
	@tests/run --suite soak

# Dies at a chosen system call; never sanitized itself, so that it can be preloaded into any flavour.
unit: $(B)/killer.so
$(B)/killer.so: tests/e2e/killer.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) -std=gnu17 -O2 -g $(WARN) -fPIC -shared -o $@ $< -ldl
