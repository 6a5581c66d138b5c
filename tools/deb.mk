# Debian's packages, built from a copy of the tree so that nothing of it is touched.

DEBDIR ?= build/deb
.PHONY: deb check-deb
deb:				## build the Debian packages of the tree into build/deb (DEBDIR=, COMMIT= builds a commit)
	@tools/deps deb
	@MAKEFLAGS= tools/make-deb $(DEBDIR) $(COMMIT)
	@ls $(DEBDIR)/*.deb

check-deb:			## build the packages twice, compare, lint, install and purge them in a throw-away copy of this system
	@tools/deps deb
	@MAKEFLAGS= tests/deb/run
