/* SPDX-License-Identifier: MIT */
/*
 * What a change did, as one sentence. Its form is the line's `done`, or made of
 * noun and verb: {member}   of the answer, else of the record as it is now
 * (NOUN.get), else as it was typed
 *     [...]      left out when a {member} in it is null, false or empty
 */
#include "ctl-client.h"
#include "ctl-table.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

#include "base/timefmt.h"

struct sentence {
	struct ctl *ctl;
	const json_t *answer, *record; /* record: NULL when there is none to be had */
	const char *record_noun;       /* whose id {NOUN} is */
	struct buf out;
};

/* A time as people say it: of today "09:10", else with its day. */
static bool add_moment(struct sentence *s, const char *text)
{
	int64_t at_us;
	time_t at, now = (time_t)(s->ctl->now_us / USEC_PER_SEC);
	struct tm tm, today;
	char said[32];

	if (strlen(text) < 20 || text[10] != 'T' || time_parse_rfc3339(text, &at_us) < 0)
		return false;
	at = (time_t)(at_us / USEC_PER_SEC);
	if (!localtime_r(&at, &tm) || !localtime_r(&now, &today))
		return false;
	if (tm.tm_year == today.tm_year && tm.tm_yday == today.tm_yday)
		strftime(said, sizeof(said), "%H:%M", &tm);
	else
		strftime(said, sizeof(said), "%Y-%m-%d %H:%M", &tm);
	buf_adds(&s->out, said);
	return true;
}

/* Adds the value; false when there is nothing to say. */
static bool add_value(struct sentence *s, const json_t *value)
{
	static const struct ctl_column plain = {.type = TYPE_TEXT};

	if (!value || json_is_null(value) || json_is_false(value) ||
	    (json_is_string(value) && json_string_length(value) == 0))
		return false;
	if (json_is_true(value))
		return true; /* it is there: the words around it say what that means */
	if (!json_is_string(value) || !add_moment(s, json_string_value(value)))
		cell_text(&plain, value, &s->out);
	return true;
}

static bool add_typed(struct sentence *s, const char *key)
{
	const struct ctl_verb *verb = s->ctl->verb;
	struct slice word;

	for (size_t i = 0; i < verb->n_own; i++) {
		if (!streq(verb->own[i].param->name, key) || !s->ctl->value[i] ||
		    !*s->ctl->value[i])
			continue;
		word = ctl_whole_word(verb->own[i].param, s->ctl->value[i]);
		text_add_safe(&s->out, word.p, word.len);
		return true;
	}
	return false;
}

static bool add_named(struct sentence *s, const char *key)
{
	const json_t *value = json_object_get(s->answer, key);

	if (value)
		return add_value(s, value);
	if (s->record && streq(key, s->record_noun))
		return add_value(s, json_object_get(s->record, "id"));
	return add_value(s, json_object_get(s->record, key)) || add_typed(s, key);
}

/* "3 runs", "1 entry"; nothing to say of none, where that can be left out. */
static bool add_count(struct sentence *s, const char *key, const char *word, size_t len)
{
	json_int_t n = json_integer_value(json_object_get(s->answer, key));
	bool ies = len > 1 && word[len - 1] == 'y';

	buf_addf(&s->out, "%lld %.*s%s", (long long)n, (int)(n != 1 && ies ? len - 1 : len), word,
		 n == 1 ? ""
		 : ies	? "ies"
			: "s");
	return n != 0;
}

/* The member between braces, @len bytes at @name. False when there is nothing to say. */
static bool add_member(struct sentence *s, const char *name, size_t len)
{
	bool only_typed = *name == '=';
	const char *colon = memchr(name, ':', len);
	size_t key_len = colon ? (size_t)(colon - name) : len - only_typed;
	char key[64];

	if (key_len >= sizeof(key))
		return false;
	memcpy(key, name + only_typed, key_len);
	key[key_len] = '\0';
	if (colon)
		return add_count(s, key, colon + 1, len - key_len - 1);
	return only_typed ? add_typed(s, key) : add_named(s, key);
}

/* Fills @form up to its end or a ']'; false when a member had nothing to say.
 */
static bool add_form(struct sentence *s, const char **form)
{
	bool whole = true;

	while (**form && **form != ']') {
		char c = *(*form)++;

		if (c == '{') {
			size_t len = strcspn(*form, "}");

			whole = add_member(s, *form, len) && whole;
			*form += len + ((*form)[len] == '}');
		} else if (c == '[') {
			size_t before = s->out.len;
			bool said = add_form(s, form);

			*form += **form == ']';
			if (!said && s->out.data) {
				s->out.len = before;
				s->out.data[before] = '\0';
			}
		} else {
			buf_addc(&s->out, c);
		}
	}
	return whole;
}

/* "add": "added"; "take_back": "taken back". */
static void add_done(struct buf *out, const char *verb)
{
	static const struct {
		const char *verb, *done;
	} irregular[] = {
		{"void", "taken back"},
		{"begin", "begun"},
		{"withdraw", "withdrawn"},
		{"set", "set"},
		{"quit", "ended"},
		{"read", "read"},
		{"tell", "told"},
		{"hold", "held"},
		{"show", "shown"},
		{"report", "reported"},
		{"follow_up", "followed up"},
	};
	size_t len = strlen(verb);

	for (size_t i = 0; i < ELEMENTSOF(irregular); i++)
		if (streq(irregular[i].verb, verb)) {
			buf_adds(out, irregular[i].done);
			return;
		}
	buf_adds(out, verb);
	buf_adds(out, len > 0 && verb[len - 1] == 'e' ? "d" : "ed");
}

/* "Practitioner #3 added." with what names it, where something does. */
static void add_plain(struct sentence *s)
{
	const struct db_change *change = s->ctl->verb->change;
	bool own = s->record && streq(s->record_noun, change->noun);
	const char *const labels[] = {"[ of {client_number}][ {client_name}]",
				      own ? "[ {number}][ {name}]" : "[ of {number}][ {name}]"};
	const json_t *id = json_object_get(s->answer, change->noun);
	char noun[64];

	snprintf(noun, sizeof(noun), "%s", change->noun);
	for (char *p = noun; *p; p++)
		*p = *p == '_' ? ' ' : *p;
	buf_addf(&s->out, "%c%s", toupper((unsigned char)noun[0]), noun + 1);
	if (json_is_integer(id))
		buf_addf(&s->out, " #%lld", (long long)json_integer_value(id));
	for (size_t i = 0; i < ELEMENTSOF(labels); i++) {
		const char *form = labels[i];
		size_t before = s->out.len;

		add_form(s, &form);
		if (s->out.len > before)
			break;
	}
	buf_addc(&s->out, ' ');
	add_done(&s->out, strrchr(change->decl.method, '.') + 1);
}

/* Asks for the record @id, or for what @text names where that is not NULL. */
static bool get(struct sentence *s, const char *noun, int64_t id, const char *text,
		struct ctl_answer *answer)
{
	struct buf params = BUF_INIT(0);
	const struct ctl_verb *verb;
	char method[64];
	bool good;

	snprintf(method, sizeof(method), "%s.get", noun);
	verb = ctl_verb_of(method);
	if (!verb || !verb->decl)
		return false;
	json_open(&params, '{');
	json_key(&params, noun);
	if (text)
		json_text(&params, text);
	else
		json_int(&params, id);
	json_close(&params, '}');
	good = params.error == 0 && ctl_try(s->ctl, method, params.data, answer) == 0;
	if (good) {
		s->record = answer->result;
		s->record_noun = noun;
	}
	buf_done(&params);
	return good;
}

/*
 * The record as it is now, for its name; else the session or client that was named. What cannot be
 * had is left out of the sentence. On a dry run what would be new is not there.
 */
static void get_record(struct sentence *s, struct ctl_answer *answer)
{
	static const char *const named[] = {"session", "client"};
	const char *noun = s->ctl->verb->change->noun, *text;
	const json_t *id = json_object_get(s->answer, noun);
	bool there = json_is_integer(id) && (!json_is_true(json_object_get(s->answer, "dry_run")) ||
					     ctl_value(s->ctl, noun));

	if (there && get(s, noun, json_integer_value(id), NULL, answer))
		return;
	for (size_t i = 0; i < ELEMENTSOF(named); i++) {
		ctl_answer_done(answer);
		text = ctl_value(s->ctl, named[i]);
		if (text && get(s, named[i], 0, text, answer))
			return;
	}
}

int ctl_say_done(struct ctl *ctl, const json_t *answer)
{
	const struct ctl_line *line = ctl->verb->line;
	struct sentence s = {.ctl = ctl, .answer = answer};
	struct ctl_answer record = {};
	const char *form = line ? line->done : NULL;
	bool dry = json_is_true(json_object_get(answer, "dry_run"));
	bool repeated = json_is_true(json_object_get(answer, "repeated"));
	/* what stands there already makes no entry, and has a version */
	bool same = json_is_null(json_object_get(answer, "entry")) &&
		    json_is_integer(json_object_get(answer, "version"));
	int status = 0;

	get_record(&s, &record);
	if (form)
		add_form(&s, &form);
	else
		add_plain(&s);
	if (s.out.error < 0)
		status = ctl_fail_memory();
	else if (same)
		printf("%sNothing %s: all of it stands in the record already.\n",
		       repeated ? "Done before, by the same request: " : "",
		       dry ? "would change" : "changed");
	else if (dry)
		printf("Dry run, nothing was kept. It would say: %s.\n", s.out.data);
	else
		printf("%s%s.\n", repeated ? "Done before, by the same request: " : "", s.out.data);
	buf_done(&s.out);
	ctl_answer_done(&record);
	return status;
}
