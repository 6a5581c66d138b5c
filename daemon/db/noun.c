/* SPDX-License-Identifier: MIT */
/* What a method finds in the generated tables, by name. */
#include "change.h"

const struct db_change *db_change_find(const char *method)
{
	for (size_t i = 0; i < db_n_changes; i++)
		if (streq(db_changes[i].decl.method, method))
			return &db_changes[i];
	return NULL;
}

const struct db_resolve *db_resolve_find(const char *noun)
{
	for (size_t i = 0; i < db_n_resolves; i++)
		if (streq(db_resolves[i].noun, noun))
			return &db_resolves[i];
	return NULL;
}

const char *db_noun_table(const char *noun)
{
	static const char *const own[] = {
		"assignment", "client",	    "condition", "consent", "course",  "hygiene",
		"lot",	      "patch_test", "pause",	 "pen",	    "place",   "practitioner",
		"product",    "reaction",   "run",	 "segment", "session", "step",
	};

	for (size_t i = 0; i < ELEMENTSOF(own); i++)
		if (streq(own[i], noun))
			return own[i];
	return streq(noun, "use") ? "item_use" : NULL;
}
