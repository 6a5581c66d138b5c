# make install: copies only. Nothing is started, enabled or made in the running system. DESTDIR is for packagers.

libdir     ?= $(prefix)/lib
incdir     ?= $(prefix)/include
udevdir    ?= $(prefix)/lib/udev
# udev reads rules below /usr/local too, but no hwdb.
hwdbdir    ?= $(if $(filter /usr,$(prefix)),$(udevdir),$(sysconfdir)/udev)/hwdb.d
unitdir    ?= $(prefix)/lib/systemd/system
sysusersdir ?= $(prefix)/lib/sysusers.d
tmpfilesdir ?= $(prefix)/lib/tmpfiles.d
docdir     ?= $(prefix)/share/doc/stipple
profiledir ?= $(prefix)/share/stipple/profiles
docdir_pw  ?= $(prefix)/share/doc/libpenwire-dev
srcdir_pw  ?= $(prefix)/src/penwire
INSTALL    ?= install
bashdir    ?= $(prefix)/share/bash-completion/completions
UDEV_RULES := $(sort $(wildcard udev/*.rules))
UDEV_HWDB  := $(sort $(wildcard udev/hwdb.d/*.hwdb))
UNITS_IN   := $(sort $(wildcard udev/*.service.in))
UNITS      := $(sort $(wildcard udev/*.socket udev/*.timer))
PLACES     := -e 's|@sbindir@|$(sbindir)|g' -e 's|@bindir@|$(bindir)|g' -e 's|@prefix@|$(prefix)|g' \
	      -e 's|@libdir@|$(libdir)|g' -e 's|@incdir@|$(incdir)|g' -e 's|@srcdir@|$(srcdir_pw)|g' -e 's|@version@|$(VERSION)|g'
# What makers build into firmware: freestanding, no generated files.
PW_FILES   := $(sort $(wildcard proto/pw*.[ch]))
PW_FIRMWARE := $(sort $(wildcard proto/firmware/*.[ch] proto/firmware/*.ld proto/firmware/Makefile proto/firmware/README.md))

.PHONY: install install-sim install-dev
install: $(B)/stippled $(B)/stipplectl man	## copy the programs, rules, units and papers (DESTDIR=, prefix=/usr/local)
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(DESTDIR)$(udevdir)/rules.d $(DESTDIR)$(hwdbdir) \
		$(DESTDIR)$(unitdir) $(DESTDIR)$(sysusersdir) $(DESTDIR)$(tmpfilesdir) $(DESTDIR)$(bashdir) \
		$(DESTDIR)$(docdir) $(DESTDIR)$(sysconfdir)/stipple/stippled.conf.d \
		$(DESTDIR)$(profiledir) $(DESTDIR)$(docdir)/examples $(DESTDIR)$(sysconfdir)/stipple/profiles
	$(INSTALL) -m 755 $(B)/stippled $(DESTDIR)$(sbindir)/stippled
	$(INSTALL) -m 755 $(B)/stipplectl $(DESTDIR)$(bindir)/stipplectl
	$(INSTALL) -m 644 tools/stipplectl.bash $(DESTDIR)$(bashdir)/stipplectl
	$(INSTALL) -m 644 $(UDEV_RULES) $(DESTDIR)$(udevdir)/rules.d/
	$(INSTALL) -m 644 $(UDEV_HWDB) $(DESTDIR)$(hwdbdir)/
	$(INSTALL) -m 644 $(UNITS) $(DESTDIR)$(unitdir)/
	for unit in $(UNITS_IN:udev/%.in=%); do \
		sed $(PLACES) udev/$$unit.in >$(DESTDIR)$(unitdir)/$$unit && chmod 644 $(DESTDIR)$(unitdir)/$$unit || exit 1; \
	done
	$(INSTALL) -m 644 udev/stipple.sysusers $(DESTDIR)$(sysusersdir)/stipple.conf
	$(INSTALL) -m 644 udev/stipple.tmpfiles $(DESTDIR)$(tmpfilesdir)/stipple.conf
	@# a configuration that is there is somebody's
	test -e $(DESTDIR)$(sysconfdir)/stipple/stippled.conf || \
		$(INSTALL) -m 644 udev/stippled.conf $(DESTDIR)$(sysconfdir)/stipple/stippled.conf
	$(INSTALL) -m 644 daemon/profiles/*.conf $(DESTDIR)$(profiledir)/
	$(INSTALL) -m 644 daemon/profiles/site.conf $(DESTDIR)$(docdir)/examples/
	$(INSTALL) -m 644 README.md LICENSE $(DESTDIR)$(docdir)/
	$(INSTALL) -m 644 proto/README.md $(DESTDIR)$(docdir)/penwire.md
	for page in stipplectl.1 stippled.8 stippled.conf.5 stipple-bundle.5 stipple.7; do [ ! -e $(B)/man/$$page ] || \
		$(INSTALL) -D -m 644 $(B)/man/$$page $(DESTDIR)$(mandir)/man$${page##*.}/$$page || exit 1; done

install-sim: $(B)/pensim			## copy the simulator
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(mandir)/man1
	$(INSTALL) -m 755 $(B)/pensim $(DESTDIR)$(bindir)/pensim
	{ $(B)/pensim --help; $(B)/pensim --fault list; } | $(AWK) -v version=$(VERSION) -f tools/pensim-man.awk >$(DESTDIR)$(mandir)/man1/pensim.1
	chmod 644 $(DESTDIR)$(mandir)/man1/pensim.1

install-dev: $(LIBPW) man	## copy the Penwire library for makers: headers, sources, pkg-config
	$(INSTALL) -d $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(incdir)/penwire $(DESTDIR)$(srcdir_pw) $(DESTDIR)$(docdir_pw)
	$(INSTALL) -m 644 $(LIBPW) $(DESTDIR)$(libdir)/libpenwire.a
	$(INSTALL) -m 644 $(filter-out %_private.h,$(filter %.h,$(PW_FILES))) $(DESTDIR)$(incdir)/penwire/
	$(INSTALL) -m 644 $(PW_FILES) LICENSE $(DESTDIR)$(srcdir_pw)/
	$(INSTALL) -d $(DESTDIR)$(srcdir_pw)/firmware $(DESTDIR)$(docdir_pw)/examples/wireshark
	$(INSTALL) -m 644 $(PW_FIRMWARE) $(DESTDIR)$(srcdir_pw)/firmware/
	$(INSTALL) -m 644 proto/wireshark/README.md proto/wireshark/penwire.lua $(DESTDIR)$(docdir_pw)/examples/wireshark/
	$(INSTALL) -m 755 proto/wireshark/rec2pcap $(DESTDIR)$(docdir_pw)/examples/wireshark/
	$(INSTALL) -m 644 proto/examples/loopback.c $(DESTDIR)$(docdir_pw)/examples/
	sed $(PLACES) tools/penwire.pc.in >$(DESTDIR)$(libdir)/pkgconfig/penwire.pc
	chmod 644 $(DESTDIR)$(libdir)/pkgconfig/penwire.pc
	$(INSTALL) -m 644 proto/README.md $(DESTDIR)$(docdir_pw)/penwire.md
	[ ! -e $(B)/man/penwire.7 ] || $(INSTALL) -D -m 644 $(B)/man/penwire.7 $(DESTDIR)$(mandir)/man7/penwire.7
