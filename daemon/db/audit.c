/* SPDX-License-Identifier: MIT */
#include "audit.h"

const struct db_rule *db_rule_find(const char *name)
{
	for (size_t i = 0; i < db_n_rules; i++)
		if (streq(db_rules[i].query.method, name))
			return &db_rules[i];
	return NULL;
}

static const char *const severities[] = {
	[SEVERITY_NONE] = "none",   [SEVERITY_INFO] = "info",	      [SEVERITY_WARN] = "warn",
	[SEVERITY_ERROR] = "error", [SEVERITY_CRITICAL] = "critical",
};

const char *db_severity_name(enum db_severity severity)
{
	assert((size_t)severity < ELEMENTSOF(severities));
	return severities[severity];
}

enum db_severity db_severity_parse(const char *name)
{
	for (size_t i = SEVERITY_INFO; name && i < ELEMENTSOF(severities); i++)
		if (streq(severities[i], name))
			return (enum db_severity)i;
	return SEVERITY_NONE;
}

const char *db_scope_name(enum db_scope scope)
{
	static const char *const names[] = {
		[SCOPE_SESSION] = "session", [SCOPE_PEN] = "pen",     [SCOPE_LOT] = "lot",
		[SCOPE_CLIENT] = "client",   [SCOPE_PLACE] = "place", [SCOPE_RECORD] = "record",
	};

	assert((size_t)scope < ELEMENTSOF(names));
	return names[scope];
}
