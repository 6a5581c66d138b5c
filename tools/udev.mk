# What the system reads: rules, hwdb, units.

.PHONY: check-udev
check-udev: deps-test $(PROGRAMS)	## check rules, hwdb and units, without root or devices
	@STIPPLE_TOP=$(CURDIR) python3 tests/e2e/test_udev.py
	@STIPPLE_TOP=$(CURDIR) STIPPLE_BUILD=$(B) python3 tests/e2e/test_units.py
