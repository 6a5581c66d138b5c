/* SPDX-License-Identifier: MIT */
/*
 * backup: fetches a copy of the database that the daemon made and checked, writes it, and reads it
 * back to see that the disk has what the daemon checked. Over --host it comes to this computer.
 * backup-key: the signing key, apart.
 */
#include "ctl-client.h"
#include "ctl-file.h"
#include "ctl-table.h"

#include <fcntl.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>

#include "chain/chain.h"

#define ASK_MS 100 /* between two questions how far it is */

struct backup {
	struct ctl *ctl;
	struct new_file file;
	int64_t bytes;
	char digest[2 * CHAIN_HASH_SIZE + 1];
	bool shown; /* a line of progress stands on the terminal */
};

static void show(struct backup *b, const char *what, int64_t done, int64_t total)
{
	if (!isatty(STDERR_FILENO) || b->ctl->format != FORMAT_TABLE)
		return;
	fprintf(stderr, "\r\033[K%s %lld %%", what,
		(long long)(total > 0 ? done * 100 / total : 0));
	b->shown = true;
}

static void hide(struct backup *b)
{
	if (b->shown)
		fputs("\r\033[K", stderr);
	b->shown = false;
}

/* Until the daemon has copied and checked. @answer: the last one. */
static int wait_ready(struct backup *b, struct ctl_answer *answer)
{
	const char *method = "backup.start", *state;
	int status;

	for (;;) {
		ctl_answer_done(answer);
		status = ctl_call(b->ctl, method, NULL, answer);
		if (status != 0)
			return status;
		method = "backup.status";
		state = json_string_value(json_object_get(answer->result, "state"));
		if (!state)
			return ctl_fail(EXIT_PROTOCOL,
					"the daemon does not say how the backup is doing");
		if (streq(state, "ready"))
			return 0;
		if (streq(state, "failed")) {
			const char *problem =
				json_string_value(json_object_get(answer->result, "problem"));

			hide(b);
			return ctl_fail(EXIT_IO, "there is no backup: %s",
					problem ? problem : "the daemon does not say why");
		}
		show(b, state, json_integer_value(json_object_get(answer->result, "done")),
		     json_integer_value(json_object_get(answer->result, "bytes")));
		poll(NULL, 0, ASK_MS);
	}
}

/* One piece; *offset moves on, -1 at the end. */
static int fetch_piece(struct backup *b, int64_t *offset)
{
	struct ctl_answer answer = {};
	_cleanup_(freep) unsigned char *piece = NULL;
	const json_t *data, *next;
	char params[64];
	size_t len = 0;
	int status;

	snprintf(params, sizeof(params), "{\"offset\":%lld}", (long long)*offset);
	status = ctl_call(b->ctl, "backup.read", params, &answer);
	data = json_object_get(answer.result, "data");
	next = json_object_get(answer.result, "next");
	if (status == 0) {
		piece = malloc(json_string_length(data) + 1);
		if (!piece)
			status = ctl_fail_memory();
	}
	if (status == 0 &&
	    (!json_is_string(data) ||
	     sodium_base642bin(piece, json_string_length(data), json_string_value(data),
			       json_string_length(data), NULL, &len, NULL,
			       sodium_base64_VARIANT_ORIGINAL) != 0))
		status = ctl_fail(EXIT_PROTOCOL, "what the daemon sent is no piece of a backup");
	if (status == 0)
		status = new_file_add(&b->file, piece, len);
	*offset = json_is_integer(next) ? json_integer_value(next) : -1;
	ctl_answer_done(&answer);
	return status;
}

static int fetch(struct backup *b)
{
	int64_t offset = 0;
	int status = 0;

	while (status == 0 && offset >= 0) {
		show(b, "writing", offset, b->bytes);
		status = fetch_piece(b, &offset);
	}
	return status;
}

/* What the disk gives back is what the daemon checked. */
static int check_written(struct backup *b)
{
	char found[2 * CHAIN_HASH_SIZE + 1];
	uint8_t digest[CHAIN_HASH_SIZE];
	int r;

	show(b, "reading back", 0, 0);
	r = fsync(b->file.fd) < 0 ? -errno : 0;
	/* from the disk, as far as the kernel lets go of what it has in memory */
	(void)posix_fadvise(b->file.fd, 0, 0, POSIX_FADV_DONTNEED);
	if (r == 0)
		r = chain_file_digest(b->file.fd, digest);
	hide(b);
	if (r < 0)
		return ctl_fail(EXIT_IO, "cannot read %s back: %s", b->file.path, strerror(-r));
	if (!streq(chain_hex(digest, sizeof(digest), found), b->digest))
		return ctl_fail(EXIT_IO,
				"what was written to %s is not what was sent: the disk is not to "
				"be trusted; nothing was kept",
				b->file.path);
	return 0;
}

static int say_backup(struct backup *b, const struct ctl_answer *answer)
{
	struct buf text = BUF_INIT(0);
	const char *at = json_string_value(json_object_get(answer->result, "at"));
	static const struct ctl_column time = {.type = TYPE_TIME};
	int status = 0;

	if (b->ctl->format != FORMAT_TABLE) {
		json_object_set_new(answer->result, "file", json_string(b->file.path));
		char *line = json_dumps(answer->result, JSON_COMPACT);

		if (line)
			print_json(b->ctl, (struct slice){line, strlen(line)});
		else
			status = ctl_fail_memory();
		free(line);
		return status;
	}
	text_add_bytes(&text, b->bytes);
	buf_adds(&text, ", up to entry ");
	buf_addf(&text, "%lld",
		 (long long)json_integer_value(json_object_get(answer->result, "last_entry")));
	if (at) {
		buf_adds(&text, " of ");
		cell_text(&time, json_object_get(answer->result, "at"), &text);
	}
	printf("Backed up to %s: %s, checked. The signing key is not in it: see `stipplectl "
	       "backup-key`.\n",
	       b->file.path, text.data ? text.data : "");
	buf_done(&text);
	return 0;
}

int ctl_backup(struct ctl *ctl)
{
	struct backup b = {.ctl = ctl};
	struct ctl_answer answer = {};
	const char *digest;
	int status;

	if (sodium_init() < 0)
		return ctl_fail_memory();
	/* Where it goes is known before the daemon works for it. */
	status = new_file_open(&b.file, ctl->args[0]);
	if (status != 0)
		return status;
	status = wait_ready(&b, &answer);
	if (status == 0) {
		digest = json_string_value(json_object_get(answer.result, "digest"));
		snprintf(b.digest, sizeof(b.digest), "%s", digest ? digest : "");
		b.bytes = json_integer_value(json_object_get(answer.result, "bytes"));
		status = fetch(&b);
	}
	if (status == 0)
		status = check_written(&b);
	hide(&b);
	if (status == 0)
		status = new_file_publish(&b.file);
	if (status == 0)
		status = say_backup(&b, &answer);
	ctl_answer_done(&answer);
	new_file_done(&b.file);
	return status;
}

int ctl_backup_key(struct ctl *ctl)
{
	struct ctl_answer answer = {};
	struct new_file file;
	const json_t *key;
	int status;

	status = new_file_open(&file, ctl->args[0]);
	if (status != 0)
		return status;
	status = ctl_call(ctl, "key.export", NULL, &answer);
	key = json_object_get(answer.result, "key");
	if (status == 0 && !json_is_string(key))
		status = ctl_fail(EXIT_PROTOCOL, "the daemon did not send its key");
	if (status == 0)
		status = new_file_add(&file, json_string_value(key), json_string_length(key));
	if (status == 0)
		status = new_file_publish(&file);
	if (status == 0 && ctl->format == FORMAT_TABLE)
		printf("The signing key is in %s. Whoever has it can sign a false record: keep it "
		       "apart from the backups of the database, and "
		       "locked away.\n",
		       file.path);
	ctl_answer_done(&answer);
	new_file_done(&file);
	return status;
}
