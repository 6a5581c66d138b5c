# Tests of pens on USB against umockdev: its library, and a lseek() that works on the terminals that stand for device files.

UMOCKDEV_CFLAGS = $(shell pkg-config --cflags umockdev-1.0)
UMOCKDEV_LIBS   = $(shell pkg-config --libs umockdev-1.0)

$(B)/tests/unit/test_usb_device.o: ALL_CFLAGS += $(UMOCKDEV_CFLAGS)
$(B)/tests/test_usb_device: PKG_LIBS += $(UMOCKDEV_LIBS)

unit: $(B)/seekable.so $(B)/usb_pens
$(B)/seekable.so: tests/e2e/seekable.c
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) -std=gnu17 -O2 -g $(WARN) -fPIC -shared -o $@ $< -ldl
# Serves simulated pens as USB devices; never sanitized itself.
$(B)/usb_pens: tests/e2e/usb_pens.c tests/unit/usb_mock.h
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)$(CC) -std=gnu17 -O2 -g $(WARN) -D_GNU_SOURCE -pthread -Iproto -Idaemon -Itests/unit $(UMOCKDEV_CFLAGS) -o $@ $< \
		$(UMOCKDEV_LIBS) -lm
