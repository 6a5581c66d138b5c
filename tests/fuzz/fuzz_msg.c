/* SPDX-License-Identifier: MIT */
/* Messages and the records in them: what can be read can be written, and means the same when read
 * again. */
#include <stdlib.h>
#include <string.h>

#include "pw_msg.h"
#include "pw_rec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what))                                                                       \
			abort();                                                                   \
	} while (0)

static void text(const uint8_t field[PW_TEXT_SIZE])
{
	uint8_t again[PW_TEXT_SIZE];
	char out[PW_TEXT_SIZE + 1], out2[PW_TEXT_SIZE + 1];
	size_t len = pw_text_get(field, out);

	CHECK(len <= PW_TEXT_SIZE && strlen(out) == len);
	pw_text_put(again, out);
	CHECK(pw_text_get(again, out2) == len && strcmp(out, out2) == 0);
}

static void record(const struct pw_rec *rec)
{
	uint8_t out[PW_REC_MAX], out2[PW_REC_MAX];
	union pw_rec_body body, body2;
	size_t size = 0, size2 = 0;
	struct pw_rec again;

	if (pw_rec_decode(rec, &body) != PW_OK)
		return;
	CHECK(pw_rec_encode(rec, &body, out, sizeof(out), &size) == PW_OK);
	CHECK(pw_rec_next(out, size, &again, &size2) == PW_OK && size2 == size);
	CHECK(again.type == rec->type && again.boot == rec->boot && again.tick_us == rec->tick_us);
	CHECK(pw_rec_decode(&again, &body2) == PW_OK);
	CHECK(pw_rec_encode(&again, &body2, out2, sizeof(out2), &size2) == PW_OK);
	CHECK(size2 == size && memcmp(out, out2, size) == 0);
	if (rec->type == PW_REC_BOOT)
		text(body.boot.firmware);
}

static void records(const uint8_t *data, size_t len)
{
	struct pw_rec rec;
	size_t size;

	while (pw_rec_next(data, len, &rec, &size) == PW_OK) {
		CHECK(size >= PW_REC_HEAD && size <= PW_REC_MAX && size <= len);
		record(&rec);
		data += size;
		len -= size;
	}
}

/* The first byte is the message type. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *payload, *out, *out2;
	struct pw_msg msg, again;
	size_t len = 0, len2 = 0;
	enum pw_error error;

	if (size == 0)
		return 0;
	payload = malloc(size);
	out = malloc(size);
	out2 = malloc(size);
	CHECK(payload && out && out2);
	memcpy(payload, data + 1, size - 1);
	error = pw_msg_decode(data[0], payload, size - 1, &msg);
	if (error == PW_OK) {
		/* Never longer than it was. */
		CHECK(pw_msg_encode(&msg, out, size - 1, &len) == PW_OK && len <= size - 1);
		CHECK(pw_msg_decode(data[0], out, len, &again) == PW_OK);
		CHECK(pw_msg_encode(&again, out2, size - 1, &len2) == PW_OK);
		CHECK(len2 == len && memcmp(out, out2, len) == 0);
		if (msg.type == PW_MSG_RECORDS)
			records(msg.records.data, msg.records.len);
		if (msg.type == PW_MSG_IDENTITY)
			text(msg.identity.serial);
	} else {
		CHECK(error == PW_E_TYPE || error == PW_E_SHORT || error == PW_E_VALUE);
		/* Not a message: then it may be records. */
		records(payload, size - 1);
	}
	if (size > PW_TEXT_SIZE)
		text(payload);
	free(payload);
	free(out);
	free(out2);
	return 0;
}
