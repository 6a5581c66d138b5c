# Manual pages: stipplectl(1) from the tool's verbs, stippled.conf(5) from the daemon's keys, the others as they are written.

MAN_PAGES := $(addprefix $(B)/man/,stipplectl.1 stippled.8 stippled.conf.5 stipple-bundle.5 stipple.7 penwire.7)
.PHONY: man
unit: $(MAN_PAGES)
man: $(MAN_PAGES)		## write the manual pages to $(B)/man

$(B)/mkman: $(B)/tools/mkman.o $(filter-out %/stipplectl.o,$(call obj,$(CTL_SRC))) $(LIBROOMS) $(LIBPW)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(CTL_LIBS) -lm
$(B)/man/stipplectl.1: $(B)/mkman
	@mkdir -p $(@D)
	$(SAY) MAN $@
	$(Q)$(B)/mkman >$@
$(B)/man/%: tools/man/%.in $(B)/stippled tools/man/keys.awk Makefile
	@mkdir -p $(@D)
	$(SAY) MAN $@
	$(Q)$(B)/stippled --help-config | $(AWK) -v version=$(VERSION) -v sysconfdir=$(sysconfdir) -f tools/man/keys.awk - $< >$@
