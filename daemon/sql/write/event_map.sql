SELECT id, tick_us FROM event WHERE log = :log AND boot = :boot
