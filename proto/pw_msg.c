/* SPDX-License-Identifier: MIT */
/* Messages: payload bytes to fields and back. */
#include "pw_msg.h"
#include "pw_fields.h"
#include "pw_mem.h"

/* Sequence numbers and ticks stay below 2^63, so that they fit signed types everywhere. */
#define COUNT_LIMIT (UINT64_C(1) << 63)

/*
 * Length of the UTF-8 character at @p of at most @len bytes, 0 if there is no valid one: overlong
 * forms, surrogates, what lies beyond U+10FFFF and control characters (U+0000..001F, U+007F..009F)
 * are not.
 */
static size_t char_len(const uint8_t *p, size_t len)
{
	uint8_t first = p[0], low = 0x80, high = 0xbf;
	size_t n;

	if (first < 0x80)
		return first >= 0x20 && first != 0x7f;
	if (first >= 0xc2 && first <= 0xdf)
		n = 2;
	else if (first >= 0xe0 && first <= 0xef)
		n = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		n = 4;
	else
		return 0;
	if (first == 0xc2 || first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (len < n || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static size_t text_len(const uint8_t field[PW_TEXT_SIZE])
{
	size_t len = PW_TEXT_SIZE;

	while (len > 0 && field[len - 1] == 0)
		len--;
	return len;
}

size_t pw_text_get(const uint8_t field[PW_TEXT_SIZE], char out[PW_TEXT_SIZE + 1])
{
	size_t len = text_len(field);

	for (size_t at = 0; at < len;) {
		size_t n = char_len(field + at, len - at);

		if (n == 0) {
			out[at++] = '?';
			continue;
		}
		memcpy(out + at, field + at, n);
		at += n;
	}
	out[len] = 0;
	return len;
}

void pw_text_put(uint8_t field[PW_TEXT_SIZE], const char *text)
{
	size_t len = 0;

	while (len < PW_TEXT_SIZE && text[len] != 0)
		len++;
	/* Cut within a character: the next byte continues it, so drop its beginning too. */
	if (len == PW_TEXT_SIZE)
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
	memset(field, 0, PW_TEXT_SIZE);
	memcpy(field, text, len);
}

/* A serial number is an identity: characters all valid, and one of them not a space. */
static bool serial_valid(const uint8_t field[PW_TEXT_SIZE])
{
	size_t len = text_len(field);
	bool visible = false;

	for (size_t at = 0; at < len;) {
		size_t n = char_len(field + at, len - at);

		if (n == 0)
			return false;
		visible = visible || field[at] != ' ';
		at += n;
	}
	return visible;
}

/* Whether every field is in the range that its byte table states; asked after decoding and before
 * encoding. */
static bool msg_valid(const struct pw_msg *msg)
{
	switch (msg->type) {
	case PW_MSG_HELLO:
		return msg->hello.version_min > 0 &&
		       msg->hello.version_min <= msg->hello.version_max;
	case PW_MSG_READ:
		return msg->read.read_id != 0 && msg->read.from_seq < COUNT_LIMIT &&
		       msg->read.limit_seq >= msg->read.from_seq;
	case PW_MSG_ACK:
		return msg->ack.host_id != 0 && msg->ack.next_seq < COUNT_LIMIT;
	case PW_MSG_IDENTITY: {
		const struct pw_identity *id = &msg->identity;

		return id->version_min > 0 && id->version_min <= id->version_max &&
		       (id->version == 0 ||
			(id->version >= id->version_min && id->version <= id->version_max)) &&
		       id->depth_source <= PW_DEPTH_SETTING && id->tick_us < COUNT_LIMIT &&
		       id->log_id != 0 && id->first_seq <= id->next_seq &&
		       id->next_seq < COUNT_LIMIT && serial_valid(id->serial);
	}
	case PW_MSG_STATUS:
		return msg->status.tick_us < COUNT_LIMIT &&
		       (msg->status.battery_percent <= 100 ||
			msg->status.battery_percent == PW_UNKNOWN_U8) &&
		       msg->status.first_seq <= msg->status.next_seq &&
		       msg->status.next_seq < COUNT_LIMIT;
	case PW_MSG_RECORDS:
		return msg->records.read_id != 0 && msg->records.count > 0 &&
		       msg->records.first_seq < COUNT_LIMIT - UINT16_MAX &&
		       msg->records.avail_seq <= msg->records.first_seq;
	case PW_MSG_PONG:
		return msg->pong.tick_us <= msg->pong.sent_us && msg->pong.sent_us < COUNT_LIMIT;
	default:
		return true;
	}
}

static const struct pw_field hello_fields[] = {
	PW_INT(pw_hello, 0, version_min),
	PW_INT(pw_hello, 1, version_max),
	PW_INT(pw_hello, 4, host_id),
};
static const struct pw_field read_fields[] = {
	PW_INT(pw_read, 0, read_id),   PW_INT(pw_read, 4, flush_ms),   PW_INT(pw_read, 8, log_id),
	PW_INT(pw_read, 16, from_seq), PW_INT(pw_read, 24, limit_seq),
};
static const struct pw_field ack_fields[] = {
	PW_INT(pw_ack, 0, log_id),
	PW_INT(pw_ack, 8, next_seq),
	PW_INT(pw_ack, 16, host_id),
};
static const struct pw_field ping_fields[] = {
	PW_INT(pw_ping, 0, ping_id),
	PW_INT(pw_ping, 4, host_us),
};
static const struct pw_field identify_fields[] = {
	PW_INT(pw_identify, 0, duration_ms),
};
static const struct pw_field identity_fields[] = {
	PW_INT(pw_identity, 0, version),
	PW_INT(pw_identity, 1, version_min),
	PW_INT(pw_identity, 2, version_max),
	PW_INT(pw_identity, 3, depth_source),
	PW_INT(pw_identity, 4, depth_uncertainty_um),
	PW_INT(pw_identity, 6, depth_resolution_um),
	PW_INT(pw_identity, 8, stroke_um),
	PW_INT(pw_identity, 12, capabilities),
	PW_INT(pw_identity, 16, boot),
	PW_INT(pw_identity, 20, tick_us),
	PW_INT(pw_identity, 28, log_id),
	PW_INT(pw_identity, 36, first_seq),
	PW_INT(pw_identity, 44, next_seq),
	PW_BYTES(pw_identity, 52, manufacturer),
	PW_BYTES(pw_identity, 84, model),
	PW_BYTES(pw_identity, 116, serial),
	PW_BYTES(pw_identity, 148, firmware),
};
static const struct pw_field status_fields[] = {
	PW_INT(pw_status, 0, tick_us),	       PW_INT(pw_status, 8, boot),
	PW_INT(pw_status, 12, flags),	       PW_INT(pw_status, 14, battery_percent),
	PW_INT(pw_status, 16, motor_mv),       PW_INT(pw_status, 18, motor_ma),
	PW_INT(pw_status, 20, temperature_cc), PW_INT(pw_status, 24, read_id),
	PW_INT(pw_status, 28, first_seq),      PW_INT(pw_status, 36, next_seq),
	PW_INT(pw_status, 44, sent_seq),
};
static const struct pw_field records_fields[] = {
	PW_INT(pw_records, 0, read_id),
	PW_INT(pw_records, 4, count),
	PW_INT(pw_records, 8, first_seq),
	PW_INT(pw_records, 16, avail_seq),
};
static const struct pw_field pong_fields[] = {
	PW_INT(pw_pong, 0, ping_id),  PW_INT(pw_pong, 4, boot),	    PW_INT(pw_pong, 8, host_us),
	PW_INT(pw_pong, 16, tick_us), PW_INT(pw_pong, 24, sent_us),
};
static const struct pw_field refused_fields[] = {
	PW_INT(pw_refused, 0, reason),
	PW_INT(pw_refused, 1, about),
	PW_INT(pw_refused, 4, read_id),
	PW_INT(pw_refused, 8, detail),
};

static const struct pw_layout layouts[] = {
	PW_LAYOUT(PW_MSG_RECORDS, PW_RECORDS_HEAD, records_fields),
	PW_LAYOUT(PW_MSG_STATUS, PW_STATUS_SIZE, status_fields),
	PW_LAYOUT(PW_MSG_HELLO, PW_HELLO_SIZE, hello_fields),
	PW_LAYOUT(PW_MSG_READ, PW_READ_SIZE, read_fields),
	PW_LAYOUT(PW_MSG_ACK, PW_ACK_SIZE, ack_fields),
	PW_LAYOUT(PW_MSG_PING, PW_PING_SIZE, ping_fields),
	PW_LAYOUT(PW_MSG_IDENTIFY, PW_IDENTIFY_SIZE, identify_fields),
	PW_LAYOUT(PW_MSG_IDENTITY, PW_IDENTITY_SIZE, identity_fields),
	PW_LAYOUT(PW_MSG_PONG, PW_PONG_SIZE, pong_fields),
	PW_LAYOUT(PW_MSG_REFUSED, PW_REFUSED_SIZE, refused_fields),
};

/* Where the bodies lie in struct pw_msg, all at the same place. */
#define MSG_BODY offsetof(struct pw_msg, hello)

static const struct pw_layout *msg_layout(uint8_t type)
{
	return pw_layout_find(layouts, sizeof(layouts) / sizeof(layouts[0]), type);
}

enum pw_error pw_msg_decode(uint8_t type, const uint8_t *payload, size_t len, struct pw_msg *ret)
{
	const struct pw_layout *layout = msg_layout(type);
	struct pw_msg msg = {.type = type};

	if (!layout)
		return PW_E_TYPE;
	if (len < layout->size)
		return PW_E_SHORT;
	pw_layout_get(layout, payload, (uint8_t *)&msg + MSG_BODY);
	if (type == PW_MSG_RECORDS) {
		msg.records.data = payload + PW_RECORDS_HEAD;
		msg.records.len = len - PW_RECORDS_HEAD;
	}
	if (!msg_valid(&msg))
		return PW_E_VALUE;
	*ret = msg;
	return PW_OK;
}

enum pw_error pw_msg_encode(const struct pw_msg *msg, uint8_t *out, size_t cap, size_t *ret_len)
{
	const struct pw_layout *layout = msg_layout(msg->type);
	size_t size, tail;

	if (!layout)
		return PW_E_TYPE;
	if (!msg_valid(msg))
		return PW_E_VALUE;
	size = layout->size;
	tail = msg->type == PW_MSG_RECORDS ? msg->records.len : 0;
	if (cap < size || cap - size < tail)
		return PW_E_SPACE;
	/* The records may already lie in @out: they go to their place before anything is written
	 * over them. */
	if (tail > 0)
		memmove(out + size, msg->records.data, tail);
	pw_layout_put(layout, (const uint8_t *)msg + MSG_BODY, out);
	*ret_len = size + tail;
	return PW_OK;
}
