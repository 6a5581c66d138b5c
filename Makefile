# stipple: the whole build. `make help` lists what it can do.
# A new .c file in proto/, daemon/<room>/, tools/ or tests/ is found by name: nothing to edit here.

VERSION := 0.1.0
SAN     ?=
prefix  ?= /usr/local
bindir  ?= $(prefix)/bin
sbindir ?= $(prefix)/sbin
mandir  ?= $(prefix)/share/man
sysconfdir ?= /etc

CC      ?= cc
CLANG   ?= clang
AWK     ?= awk
PKGS    := libsystemd sqlite3 jansson libsodium libserialport libusb-1.0 inih
CFLAGS  ?= -O2 -g
WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	   -Wwrite-strings -Wvla -Wundef -Wformat=2 -Wno-format-nonliteral
ifdef CI
WARN    += -Werror
endif

# One short line a file; V=1 shows the whole commands.
Q       := $(if $(V),,@)
SAY     := @$(if $(V),:,printf '  %-5s %s\n')

# Each flavour builds in a directory of its own: build/plain, build/address, build/thread.
FLAVOUR := $(if $(SAN),$(SAN),plain)
B       := build/$(FLAVOUR)
ifeq ($(SAN),address)
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifeq ($(SAN),thread)
SANFLAGS := -fsanitize=thread -fno-omit-frame-pointer
else ifneq ($(SAN),)
$(error SAN=$(SAN): allowed are nothing, 'address' (with undefined behaviour) and 'thread')
endif

# pkg-config is asked only when something is compiled, so that `make deps` works before it is there.
PKG_CFLAGS = $(shell pkg-config --cflags $(PKGS))
PKG_LIBS   = $(shell pkg-config --libs $(PKGS))
CTL_LIBS   = $(shell pkg-config --libs smartcols ncursesw jansson libsodium)
ALL_CFLAGS = -std=gnu17 $(CFLAGS) $(SANFLAGS) $(WARN) -fno-common -D_GNU_SOURCE -pthread \
	     -DSTIPPLE_VERSION='"$(VERSION)"' -DSTIPPLE_SYSCONFDIR='"$(sysconfdir)"' \
	     -Iproto -Idaemon -I$(B)/gen $(PKG_CFLAGS)

PROTO_SRC  := $(wildcard proto/pw*.c)
ROOM_SRC   := $(wildcard daemon/base/*.c daemon/transport/*.c daemon/drivers/*.c daemon/core/*.c \
		daemon/chain/*.c daemon/db/*.c daemon/rpc/*.c)
MAIN_SRC   := $(wildcard daemon/*.c)
CTL_SRC    := $(wildcard tools/stipplectl.c tools/ctl*.c)
SIM_SRC    := $(wildcard tools/pensim*.c)
BENCH_SRC  := $(wildcard tools/bench*.c) tools/pensim_physics.c
SQL_SRC    := $(wildcard daemon/sql/part/*.sql daemon/sql/schema/*.sql daemon/sql/write/*.sql daemon/sql/engine/*.sql \
		daemon/sql/temp/*.sql daemon/sql/query/*.sql daemon/sql/change/*.sql daemon/sql/resolve/*.sql \
		daemon/sql/audit/*.sql daemon/profiles/*.conf)

# Relocations packed: 180 KiB less to read at each start.
LINK       := -Wl,-z,pack-relative-relocs

obj         = $(patsubst %.c,$(B)/%.o,$(1))
LIBPW      := $(B)/libpenwire.a
LIBROOMS   := $(B)/libstipple.a
GEN        := $(B)/gen/sql_table.c
PROGRAMS   := $(B)/stippled $(B)/stipplectl $(B)/pensim
UNIT       := $(patsubst tests/unit/%.c,$(B)/tests/%,$(wildcard tests/unit/test_*.c))

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.PHONY: all help deps deps-test clean
all: $(PROGRAMS)		## build the daemon, the tool and the simulator

help:				## list the targets
	@$(AWK) -F':.*## ' '/^[a-z-]+:.*## /{sub(/[ \t]+$$/,"",$$2); printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo "  SAN=address|thread         the same with sanitizers, in a build directory of its own; V=1 shows commands"

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/gen/%.o: $(B)/gen/%.c
	$(SAY) CC $@
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(GEN): tools/embed-sql.awk $(SQL_SRC)
	@mkdir -p $(@D)
	$(SAY) SQL $@
	$(Q)$(AWK) -f tools/embed-sql.awk $(SQL_SRC) >$@

$(LIBPW): $(call obj,$(PROTO_SRC))
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $^
$(LIBROOMS): $(call obj,$(ROOM_SRC)) $(B)/gen/sql_table.o
	$(SAY) AR $@
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(B)/stippled: $(call obj,$(MAIN_SRC)) $(LIBROOMS) $(LIBPW)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm
$(B)/stipplectl: $(call obj,$(CTL_SRC)) $(LIBROOMS) $(LIBPW)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LINK) $(LDFLAGS) -o $@ $^ $(CTL_LIBS) -lm
$(B)/pensim: $(call obj,$(SIM_SRC)) $(LIBROOMS) $(LIBPW)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(shell pkg-config --libs libsodium jansson) -lm
$(B)/bench: $(call obj,$(BENCH_SRC)) $(LIBROOMS) $(LIBPW)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm
$(B)/tests/%: $(B)/tests/unit/%.o $(LIBROOMS) $(LIBPW)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lm

include $(wildcard tools/*.mk tests/*.mk proto/*.mk)

clean:				## remove everything built
	rm -rf build

-include $(shell test -d $(B) && find $(B) -name '*.d')
