-- What a pen reported of its cartridges, newest first: the order of its log, which no clock changes.
SELECT id, kind = 'cartridge.in', at_us, earliest_us, latest_us FROM event INDEXED BY event_cartridge
WHERE pen = :pen AND kind IN ('cartridge.in', 'cartridge.out') ORDER BY id DESC
