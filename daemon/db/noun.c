/* SPDX-License-Identifier: MIT */
/* The kinds of records, and what a method finds in the generated tables by name. */
#include "change.h"

/* The statement is here, and in no file: it is one for all, in which the table's name differs. */
#define NOUN_IN(name, table)                                                                       \
	{                                                                                          \
		name, table, "SELECT * FROM " table " WHERE id = ?1"                               \
	}
#define NOUN(name) NOUN_IN(name, name)

const struct db_noun db_nouns[] = {
	NOUN("acknowledgement"),
	NOUN_IN("aftercare", "consent"), /* found by its client, and no consent */
	NOUN("assignment"),
	NOUN("client"),
	NOUN("condition"),
	NOUN("consent"),
	NOUN("course"),
	NOUN("hygiene"),
	NOUN("lot"),
	NOUN("patch_test"),
	NOUN("pause"),
	NOUN("pen"),
	NOUN("place"),
	NOUN("practitioner"),
	NOUN("product"),
	NOUN("profile"),
	NOUN("reaction"),
	NOUN("run"),
	NOUN("segment"),
	NOUN("session"),
	NOUN("step"),
	NOUN_IN("use", "item_use"),
};
const size_t db_n_nouns = ELEMENTSOF(db_nouns);

const struct db_noun *db_noun_find(const char *noun)
{
	for (size_t i = 0; i < db_n_nouns; i++)
		if (streq(db_nouns[i].name, noun))
			return &db_nouns[i];
	return NULL;
}

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
