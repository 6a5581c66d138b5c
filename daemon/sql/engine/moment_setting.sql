SELECT * FROM setting
