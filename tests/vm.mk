# The tier in virtual machines: Debian's kernel, systemd, our packages. tests/vm/run says what it does.

VM_CACHE ?= build/vm-cache
VM_DEBS  ?= build/deb
VM_LOGS  ?= build/vm-logs
VM_SPEED := $(B)/tests/usb_speed

.PHONY: check-vm
check-vm:			## boot the packages in virtual machines: USB, systemd, sandbox, power cut (about eight minutes; VM_ONLY= narrows it, VM_SEED=)
	@tools/deps vm
	+@$(MAKE) --no-print-directory -j$(JOBS) $(VM_SPEED)
	+@$(MAKE) --no-print-directory deb DEBDIR='$(VM_DEBS)'
	@tests/vm/run --cache '$(VM_CACHE)' --debs '$(VM_DEBS)' --logs '$(VM_LOGS)' --speed $(VM_SPEED) --only '$(VM_ONLY)' \
		$(if $(VM_SEED),--seed '$(VM_SEED)')

# Of the daemon it has the transport alone; of the simulator the USB device.
$(VM_SPEED): $(call obj,tests/vm/usb_speed.c $(wildcard daemon/base/*.c daemon/transport/*.c) \
		tools/pensim_usb.c tools/pensim_usb_desc.c tools/pensim_vhci.c)
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lm
