-- By the serial number of the cartridge; newest first where it was used more than once.
SELECT u.id, u.serial || ' ' || local_time(u.at_us) || coalesce(', session #' || u.session, '') AS label, 0 AS rank
FROM item_use u
WHERE u.serial = :text AND u.void IS NULL
