# The configuration is linked into stippled only, so its unit test names it.
$(B)/tests/test_config: $(B)/tests/unit/test_config.o $(B)/daemon/config.o $(B)/daemon/config_keys.o $(LIBROOMS) $(LIBPW)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS) -lcmocka -lm
