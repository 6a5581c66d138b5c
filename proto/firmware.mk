# The reference firmware for Cortex-M: proto/firmware/README.md.

.PHONY: firmware check-firmware
firmware:			## build the reference firmware for Cortex-M3 (needs gcc-arm-none-eabi)
	@$(MAKE) --no-print-directory -s -C proto/firmware OUT=$(abspath $(B))/firmware

check-firmware: deps-test	## run it in an emulator and let the daemon read it (part of `make check`)
	+@$(MAKE) --no-print-directory -j$(JOBS) CI=1 all
	@tests/run --suite plain --only test_firmware
