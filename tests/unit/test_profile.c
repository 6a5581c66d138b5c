/* SPDX-License-Identifier: MIT */
/* Audit profiles: what is read out of them, how mistakes are told, and that ours have none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include "db/audit_key.h"
#include "db/profile.h"

#define HEAD "[profile]\nname = house\n"

static void values_are_read(void **state)
{
	static const char text[] =
		"# ours\n[profile]\nname = house\ndoc = Our house.\ninclude = default\n\n"
		"[retention]\nminimum_years = 7\nsource = our own\n"
		"[rule session-long]\n  warn_h=4.5  \nenabled = yes\neffective_from = 2025-01-01\n"
		"[rule session-long from 2026-07-01]\r\nwarn_h = off\r\nsource = a = b\r\n"
		"[rule consent-late]\n; not so strict\nseverity = error\n";
	char problem[512] = "";
	struct profile p;

	(void)state;
	assert_int_equal(profile_parse(&p, text, "house.conf", problem), 0);
	assert_string_equal(p.name, "house");
	assert_string_equal(p.doc, "Our house.");
	assert_string_equal(p.include, "default");
	assert_string_equal(p.values.data,
			    "[{\"from_day\":0,\"name\":\"minimum_years\",\"rule\":\"retention\","
			    "\"source\":\"our own\",\"value\":7},"
			    "{\"from_day\":20250101,\"name\":\"warn_h\",\"rule\":\"session-long\","
			    "\"source\":null,\"value\":4.5},"
			    "{\"from_day\":20250101,\"name\":\"enabled\",\"rule\":\"session-long\","
			    "\"source\":null,\"value\":1},"
			    "{\"from_day\":20260701,\"name\":\"warn_h\",\"rule\":\"session-long\","
			    "\"source\":\"a = b\",\"value\":null},"
			    "{\"from_day\":20260701,\"name\":\"source\",\"rule\":\"session-long\","
			    "\"source\":\"a = b\",\"value\":\"a = b\"},"
			    "{\"from_day\":0,\"name\":\"severity\",\"rule\":\"consent-late\","
			    "\"source\":null,\"value\":\"error\"}]");
	profile_done(&p);
}

static void mistakes_are_told(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "f:1: there is no section [profile]"},
		{"name = x\n", "f:1: name stands in no section"},
		{"[rule age]\n", "f:1: the first section is [profile]"},
		{"[profile]\ndoc = x.\n", "f:1: [profile] has no name"},
		{"[profile]\nname = My House\n",
		 "f:2: name = My House: allowed are lower case letters"},
		{"[profile]\nname = a\ninclude = a\n",
		 "f:3: include = a: that is this profile itself"},
		{"[profile]\nname = a\ncolour = b\n",
		 "f:3: unknown key colour in [profile]: allowed are name, doc, include"},
		{HEAD "[profile]\n", "f:3: a second section [profile]"},
		{HEAD "[clock]\n",
		 "f:3: unknown section [clock]: allowed are [profile], [retention]"},
		{HEAD "[rule nothing]\n", "f:3: there is no rule nothing"},
		{HEAD "[rule age\n", "f:3: a section's heading ends in ]"},
		{HEAD "[rule age]\nage\n", "f:4: neither [section] nor key = value"},
		{HEAD "[rule age]\nage_years =\n", "f:4: age_years has no value"},
		{HEAD "[rule age]\nyears = 18\n",
		 "f:4: unknown key years in [rule age]: allowed are age_years, severity, enabled"},
		{HEAD "[rule age]\nage_years = old\n", "f:4: age_years = old: allowed are whole "
						       "numbers of 0 or more, such as 18, and off"},
		{HEAD "[rule age]\nage_years = 17.5\n",
		 "f:4: age_years = 17.5: allowed are whole numbers"},
		{HEAD "[rule session-long]\nwarn_h = 4,5\n",
		 "f:4: warn_h = 4,5: allowed are numbers of 0 or more, such as 4"},
		{HEAD "[rule session-long]\nseverity = warn\n",
		 "f:4: severity: session-long has thresholds of their own"},
		{HEAD "[rule age]\nseverity = bad\n",
		 "f:4: severity = bad: allowed are info, warn, error and critical"},
		{HEAD "[rule age]\nenabled = true\n",
		 "f:4: enabled = true: allowed are yes and no"},
		{HEAD "[rule age]\nage_years = 18\nage_years = 21\n",
		 "f:5: age_years is set twice in this section"},
		{HEAD "[rule age]\nage_years = 18\n[rule age]\nage_years = 21\n",
		 "f:6: age_years is set twice for the same day"},
		{HEAD "[rule age]\nage_years = 18\neffective_from = soon\n",
		 "f:5: effective_from = soon: allowed are always and"},
		{HEAD "[rule age from soon]\n", "f:3: [rule age from soon]: allowed is a day"},
		{HEAD "[rule age from 2026-07-01]\nage_years = 21\neffective_from = always\n",
		 "f:5: effective_from = always: the heading"},
		{HEAD "[retention]\nminimum_years = 100\n",
		 "f:4: minimum_years = 100: allowed are 0 to 99 years"},
		{HEAD "[rule age]\nage_years = -18\n",
		 "f:4: age_years = -18: allowed are whole numbers of 0 or more"},
		{HEAD "[rule session-long]\nwarn_h = -4.5\n",
		 "f:4: warn_h = -4.5: allowed are numbers of 0 or more"},
		{HEAD "[rule age]\nage_years = 1e1\n", "f:4: age_years = 1e1: allowed are"},
		{HEAD "[rule age]\nage_years = 9999999999999\n",
		 "f:4: age_years = 9999999999999: "},
		{HEAD "[rule age]\neffective_from = 2026-02-30\n",
		 "f:4: effective_from = 2026-02-30: allowed are always and a day"},
		{HEAD "[retention]\nminimum_years = 5\nmaximum_years = 4\n",
		 "f:5: maximum_years = 4: allowed are 5, which is minimum_years, and more"},
		{HEAD "[rule age]\nsource = \xff\xfe\n",
		 "f:4: a byte 0xff, which is no text: allowed is UTF-8"},
		{HEAD "\x7f"
		      "ELF\x02\x01\n",
		 "f:3: a byte 0x7f"},
		{"\x1f\x8b\b", "f:1: a byte 0x1f"},
		{HEAD "[rule age]\nsource = caf\xc3\n", "f:4: a byte 0xc3"},
		{HEAD "[retention]\nyears = 3\n",
		 "f:4: unknown key years in [retention]: allowed are minimum_years"},
	};

	(void)state;
	for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
		char problem[512] = "";
		struct profile p;

		if (profile_parse(&p, cases[i].text, "f", problem) != -EINVAL)
			fail_msg("taken: %s", cases[i].text);
		if (strncmp(problem, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("%s\ntold:   %s\nwanted: %s", cases[i].text, problem,
				 cases[i].says);
		profile_done(&p);
	}
}

/* As editors of Windows write it, and in other letters than ours. */
static void other_editors(void **state)
{
	char problem[512] = "";
	struct profile p;

	(void)state;
	if (profile_parse(
		    &p,
		    "\xef\xbb\xbf[profile]\r\nname = house\r\ndoc = Unser Haus, \xc3\xa4ltere "
		    "Regeln\t\xe2\x82\xac\r\n[rule age]\r\nage_years = 21\r\n\r\n",
		    "f", problem) < 0)
		fail_msg("%s", problem);
	assert_string_equal(p.doc, "Unser Haus, \xc3\xa4ltere Regeln\t\xe2\x82\xac");
	assert_non_null(strstr(p.values.data, "\"value\":21}"));
	profile_done(&p);
}

/* However long it is, the sentence ends in what is allowed. */
static void assert_long(const char *before, const char *after, const char *says)
{
	struct buf text = BUF_INIT(0);
	char problem[512] = "";
	struct profile p;

	buf_adds(&text, before);
	for (int i = 0; i < 400; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, after);
	assert_int_equal(profile_parse(&p, text.data, "f", problem), -EINVAL);
	if (!strstr(problem, says))
		fail_msg("told: %s\nwanted: %s", problem, says);
	profile_done(&p);
	buf_done(&text);
}

static void long_things_are_told(void **state)
{
	(void)state;
	assert_long(HEAD "[rule age]\nage_years = ", "\n", "and off");
	assert_long(HEAD "[rule age]\nenabled = ", "\n", "allowed are yes and no");
	assert_long(HEAD "[rule ", "]\n", "lists those there are");
	assert_long(HEAD "[", "]\n", "[rule NAME from yyyy-mm-dd]");
	assert_long(HEAD "[rule age]\n", " = 1\n", "f:4: a key has 1 to 63 bytes");
	assert_long("[profile]\nname = ", "\n", "up to 63");
	assert_long("[profile]\nname = a\ndoc = ", "\n", "f:3: doc is too long: allowed are 255");
}

static void long_things_are_refused(void **state)
{
	struct buf text = BUF_INIT(0);
	char problem[512] = "";
	struct profile p;

	(void)state;
	buf_adds(&text, HEAD "[rule age]\nsource = ");
	for (int i = 0; i < 600; i++)
		buf_addc(&text, 'x');
	assert_int_equal(profile_parse(&p, text.data, "f", problem), -EINVAL);
	assert_non_null(
		strstr(problem, "f:4: the value of source is too long: allowed are 511 bytes"));
	profile_done(&p);
	buf_done(&text);
}

static void ours_have_no_mistakes(void **state)
{
	static const char *const names[] = {"default",	       "derby",	    "epidermal",
					    "healing-4-weeks", "neha-2024", "ontario-136-18",
					    "oregon-331-915",  "site",	    "uk-hygiene-rating"};

	(void)state;
	assert_int_equal(db_n_profiles, ELEMENTSOF(names));
	for (size_t i = 0; i < db_n_profiles; i++) {
		char problem[512] = "";
		struct profile p;

		assert_string_equal(db_profiles[i].name, names[i]);
		if (profile_parse(&p, db_profiles[i].sql, names[i], problem) < 0)
			fail_msg("%s", problem);
		assert_string_equal(p.name, names[i]);
		assert_true(p.doc[0] != '\0');
		assert_true(streq(p.include, streq(names[i], "default") ? "" : "default"));
		profile_done(&p);
	}
	assert_null(db_profile_shipped("nowhere"));
}

/* Each value of ours says who asks for it, and from when on. */
static void ours_have_sources_and_days(void **state)
{
	(void)state;
	for (size_t i = 0; i < db_n_profiles; i++) {
		const char *at = db_profiles[i].sql, *end;

		for (at = strstr(at, "\n["); at; at = end) {
			char section[4096] = "";
			size_t len;

			end = strstr(at + 1, "\n[");
			len = end ? (size_t)(end - at) : strlen(at);
			assert_true(len < sizeof(section));
			memcpy(section, at, len);
			if (strncmp(section, "\n[profile]", 10) == 0)
				continue;
			if (!strstr(section, "\nsource = "))
				fail_msg("%s: no source in%.60s", db_profiles[i].name, section);
			if (!strstr(section, "\neffective_from = ") && !strstr(section, " from 2"))
				fail_msg("%s: no first day in%.60s", db_profiles[i].name, section);
		}
	}
}

/* Every rule stands in `default`, so that a reader of it sees all. */
static void default_names_every_rule(void **state)
{
	const char *text = db_profile_shipped("default");
	char section[96];

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i < db_n_rules; i++) {
		snprintf(section, sizeof(section), "\n[rule %s]\n", db_rules[i].query.method);
		if (!strstr(text, section))
			fail_msg("default.conf does not speak of %s", db_rules[i].query.method);
	}
}

static void keys_survive_any_text(void **state)
{
	struct buf b = BUF_INIT(0), part = BUF_INIT(0);
	char problem[256] = "";

	(void)state;
	buf_adds(&b, "cartridge-reuse");
	audit_key_add(&b, "session", "12");
	audit_key_add(&b, "serial", "A/B 50%=\x01;");
	assert_string_equal(b.data, "cartridge-reuse/session=12/serial=A%2FB%2050%25%3D%01%3B");
	assert_true(audit_key_valid(b.data, problem));
	assert_true(audit_key_part(b.data, "serial", &part));
	assert_string_equal(part.data, "A/B 50%=\x01;");
	assert_false(audit_key_part(b.data, "client", &part));
	assert_false(audit_key_valid("cartridge-reuse/session=12", problem));
	assert_non_null(strstr(problem, "cartridge-reuse/session=.../serial=..."));
	assert_false(audit_key_valid("cartridge-reuse/session=12/serial=a/lot=1", problem));
	assert_false(audit_key_valid("", problem));
	assert_false(audit_key_valid("/session=12", problem));
	buf_done(&part);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_read),
		cmocka_unit_test(mistakes_are_told),
		cmocka_unit_test(long_things_are_refused),
		cmocka_unit_test(other_editors),
		cmocka_unit_test(long_things_are_told),
		cmocka_unit_test(ours_have_no_mistakes),
		cmocka_unit_test(ours_have_sources_and_days),
		cmocka_unit_test(default_names_every_rule),
		cmocka_unit_test(keys_survive_any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
