DELETE FROM retotal
