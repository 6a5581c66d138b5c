# The tier in virtual machines: Debian's kernel, systemd, our packages. tests/vm/run says what it does.

VM_CACHE ?= build/vm-cache
VM_DEBS  ?= build/deb

.PHONY: check-vm
check-vm:			## boot the packages in virtual machines: USB, systemd, sandbox, power cut (about ten minutes; VM_ONLY= narrows it)
	@tools/deps vm
	@tests/vm/image $(VM_CACHE)
	+@$(MAKE) --no-print-directory deb DEBDIR=$(VM_DEBS)
	@tests/vm/run --cache $(VM_CACHE) --debs $(VM_DEBS) $(if $(VM_ONLY),--only '$(VM_ONLY)')
