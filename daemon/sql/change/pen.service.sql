-- SPDX-License-Identifier: MIT
-- doc: Sets after how many hours of its motor a pen is to be serviced; the audit's rule service-due goes by it. A service that was done is
-- doc: recorded with hygiene add.
-- role: operator
-- noun: pen
-- param: pen ref:pen required -- Serial number, or the beginning of it.
-- param: service_h int min=1 max=100000 -- Motor-on hours between two services.
-- param: clear list values=service_h -- It is to be as the audit's profile has it again.
-- reason: correction
-- same: nothing
-- column: service_h int -- Hours between two services; null: as the audit's profile has it.

--: check
SELECT 'missing', 'Say after how many hours of its motor the pen is to be serviced.', 'service_h' WHERE :service_h IS NULL AND :clear IS NULL

--: apply
UPDATE pen SET service_h = iif('service_h' IN (SELECT value FROM json_each(:clear)), NULL, :service_h), entry = :entry WHERE id = :pen;

--: answer
SELECT (SELECT service_h FROM pen WHERE id = :pen) AS service_h
