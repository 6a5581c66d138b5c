-- The rules and the values that hold (daemon/db/audit.h): made before the first audit of a handle, gone with it.
DROP TABLE IF EXISTS temp.audit_rule;
CREATE TEMP TABLE audit_rule (name TEXT PRIMARY KEY, doc TEXT, scope TEXT, online INTEGER, graded INTEGER, says TEXT, does TEXT) STRICT;

-- What the rules' heads say. position: the order in the head.
DROP TABLE IF EXISTS temp.audit_default;
CREATE TEMP TABLE audit_default (rule TEXT, name TEXT, position INTEGER, value ANY, severity TEXT, unit TEXT, doc TEXT, source TEXT,
	PRIMARY KEY (rule, name)) STRICT;
CREATE INDEX temp.audit_default_position ON audit_default (rule, position);

-- All that is said by heads and profiles: the least deep holds. use_day: of the profile's use.
DROP TABLE IF EXISTS temp.audit_value;
CREATE TEMP TABLE audit_value (use_day INTEGER, depth INTEGER, rule TEXT, name TEXT, from_day INTEGER, value ANY, source TEXT) STRICT;
CREATE INDEX temp.audit_value_rule ON audit_value (use_day, rule, name);

-- What of it holds on days from_day <= day < to_day.
DROP TABLE IF EXISTS temp.audit_threshold;
CREATE TEMP TABLE audit_threshold (rule TEXT, name TEXT, from_day INTEGER, to_day INTEGER, value ANY, severity TEXT, source TEXT) STRICT;
CREATE INDEX temp.audit_threshold_rule ON audit_threshold (rule, name, from_day);
