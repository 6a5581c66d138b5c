SELECT id, tick_us, kind IN ('cartridge.in', 'cartridge.out') FROM event WHERE log = :log AND boot = :boot
