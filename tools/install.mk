# make install: copies only. Nothing is started, enabled or made in the running system. DESTDIR is for packagers.

udevdir    ?= $(prefix)/lib/udev
docdir     ?= $(prefix)/share/doc/stipple
INSTALL    ?= install
bashdir    ?= $(prefix)/share/bash-completion/completions
UDEV_RULES := $(wildcard udev/*.rules)

.PHONY: install
install: $(B)/stippled $(B)/stipplectl	## copy the programs, udev rules and papers (DESTDIR=, prefix=/usr/local)
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(DESTDIR)$(udevdir)/rules.d \
		$(DESTDIR)$(bashdir) $(DESTDIR)$(docdir)
	$(INSTALL) -m 755 $(B)/stippled $(DESTDIR)$(sbindir)/stippled
	$(INSTALL) -m 755 $(B)/stipplectl $(DESTDIR)$(bindir)/stipplectl
	$(INSTALL) -m 644 tools/stipplectl.bash $(DESTDIR)$(bashdir)/stipplectl
	$(INSTALL) -m 644 $(UDEV_RULES) $(DESTDIR)$(udevdir)/rules.d/
	$(INSTALL) -m 644 README.md LICENSE $(DESTDIR)$(docdir)/
	$(INSTALL) -m 644 proto/README.md $(DESTDIR)$(docdir)/penwire.md
