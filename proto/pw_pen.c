/* SPDX-License-Identifier: MIT */
/* The pen side: the conversation with a host. */
#include "pw_pen_private.h"
#include "pw_mem.h"

#define HOST_TYPES_END                                                                             \
	0x40u /* types from here on are the pen's own: answering an echo of them would never end   \
	       */

/* ---- the stream ---- */

static void end_stream(struct pw_pen *pen)
{
	pen->read_id = 0;
	pen->due &= (uint16_t)~PW_DUE_STATUS;
}

bool pw_pen_gone_at(const struct pw_pen *pen, uint64_t tick_us)
{
	return tick_us >= pen->heard_us && tick_us - pen->heard_us >= PW_READ_SILENCE_US;
}

/* Whether the reader has all there is and wants more. */
static bool reader_at_end(const struct pw_pen *pen)
{
	return pen->read_id != 0 && pen->sent_seq == pen->log.next_seq &&
	       pen->limit_seq > pen->log.next_seq;
}

/* When the next STATUS is due by time: a pen at rest lets its host sleep, but a STATUS follows the
 * last records, for it shows whether they arrived. */
static uint64_t status_at(const struct pw_pen *pen)
{
	bool busy = pen->running || pen->sent_seq < pen->log.next_seq ||
		    pen->sent_seq != pen->status_seq;

	return pen->status_us + (busy ? PW_STATUS_INTERVAL_US : PW_STATUS_IDLE_US);
}

uint64_t pw_pen_flush_at(const struct pw_pen *pen)
{
	if (pen->fill == 0 || pen->flush_ms == 0 || !reader_at_end(pen))
		return UINT64_MAX;
	return pen->fill_tick_us + pen->flush_ms * 1000u;
}

/* What the ring overwrote can no longer be sent. */
static bool records_ready(struct pw_pen *pen)
{
	if (pen->read_id == 0)
		return false;
	if (pen->sent_seq < pen->log.first_seq)
		pen->sent_seq = pen->log.first_seq;
	return pen->sent_seq < pen->log.next_seq && pen->sent_seq < pen->limit_seq;
}

/* ---- what the host says ---- */

static void refuse(struct pw_pen *pen, uint8_t reason, uint8_t about, uint32_t read_id,
		   uint64_t detail)
{
	pen->refused = (struct pw_refused){
		.reason = reason, .about = about, .read_id = read_id, .detail = detail};
	pen->due |= PW_DUE_REFUSED;
}

static void on_hello(struct pw_pen *pen, const struct pw_hello *hello)
{
	struct pw_identity *id = &pen->identity;
	uint8_t best = hello->version_max < id->version_max ? hello->version_max : id->version_max;

	end_stream(pen);
	pen->due &= (uint16_t)~PW_DUE_REFUSED;
	pen->due |= PW_DUE_IDENTITY;
	pen->host_id = hello->host_id;
	id->version = best >= hello->version_min && best >= id->version_min ? best : 0;
}

static void on_read(struct pw_pen *pen, const struct pw_read *read, uint64_t tick_us)
{
	const struct pw_log *log = &pen->log;

	if (read->read_id == pen->read_id) {
		pen->limit_seq = read->limit_seq;
		pen->due |= PW_DUE_STATUS;
		return;
	}
	end_stream(pen);
	if (read->log_id != log->log_id) {
		refuse(pen, PW_REFUSED_LOG, PW_MSG_READ, read->read_id, log->log_id);
	} else if (read->from_seq < log->first_seq) {
		refuse(pen, PW_REFUSED_GONE, PW_MSG_READ, read->read_id, log->first_seq);
	} else if (read->from_seq > log->next_seq) {
		refuse(pen, PW_REFUSED_AHEAD, PW_MSG_READ, read->read_id, log->next_seq);
	} else {
		pen->read_id = read->read_id;
		pen->sent_seq = read->from_seq;
		pen->limit_seq = read->limit_seq;
		pen->flush_ms = read->flush_ms;
		pen->due |= PW_DUE_STATUS;
		pen->status_us = tick_us;
	}
}

static void on_ack(struct pw_pen *pen, const struct pw_ack *ack)
{
	if (ack->log_id != pen->log.log_id)
		refuse(pen, PW_REFUSED_LOG, PW_MSG_ACK, 0, pen->log.log_id);
	else if (ack->next_seq > pen->log.next_seq)
		refuse(pen, PW_REFUSED_AHEAD, PW_MSG_ACK, 0, pen->log.next_seq);
	else
		pw_log_ack(&pen->log, ack->host_id, ack->next_seq);
}

/* Where in a payload that was refused the value stands that is out of range. */
static uint8_t bad_offset(const struct pw_frame *frame)
{
	const uint8_t *p = frame->payload;

	switch (frame->type) {
	case PW_MSG_HELLO:
		return p[0] == 0 ? 0 : 1;
	case PW_MSG_READ:
		if (pw_get32(p) == 0)
			return 0;
		return pw_get64(p + 16) >> 63 ? 16 : 24;
	case PW_MSG_ACK:
		return pw_get64(p + 8) >> 63 ? 8 : 16;
	default:
		return 0;
	}
}

static void on_bad_message(struct pw_pen *pen, const struct pw_frame *frame, enum pw_error error)
{
	bool about_read = frame->type == PW_MSG_READ && frame->len >= 4;

	if (error == PW_E_TYPE) {
		pen->unknown_messages++;
		refuse(pen, PW_REFUSED_TYPE, frame->type, 0, 0);
		return;
	}
	/* Of a message that is too short, the first byte missing. */
	pen->bad_messages++;
	refuse(pen, PW_REFUSED_VALUE, frame->type, about_read ? pw_get32(frame->payload) : 0,
	       error == PW_E_SHORT ? frame->len : bad_offset(frame));
}

static void on_frame(struct pw_pen *pen, const struct pw_frame *frame, uint64_t tick_us)
{
	enum pw_error error;
	struct pw_msg msg;

	if (pw_pen_gone_at(pen, tick_us))
		end_stream(pen);
	pen->heard_us = tick_us;
	if (frame->type >= HOST_TYPES_END) {
		pen->unknown_messages++;
		return;
	}
	/* Without a common version there is nothing to say but who is here. */
	if (pen->identity.version == 0 && frame->type != PW_MSG_HELLO)
		return;
	error = pw_msg_decode(frame->type, frame->payload, frame->len, &msg);
	if (error != PW_OK) {
		on_bad_message(pen, frame, error);
		return;
	}
	switch (frame->type) {
	case PW_MSG_HELLO:
		on_hello(pen, &msg.hello);
		break;
	case PW_MSG_READ:
		on_read(pen, &msg.read, tick_us);
		break;
	case PW_MSG_ACK:
		on_ack(pen, &msg.ack);
		break;
	case PW_MSG_PING:
		pen->ping = msg.ping;
		pen->ping_tick_us = tick_us;
		pen->due |= PW_DUE_PONG;
		if (pen->read_id != 0)
			pen->due |= PW_DUE_STATUS; /* news once a minute, for one waking of both */
		break;
	case PW_MSG_IDENTIFY:
		pen->blink_until_us = tick_us + msg.identify.duration_ms * 1000u;
		break;
	}
}

void pw_pen_input(struct pw_pen *pen, const uint8_t *data, size_t len, uint64_t tick_us)
{
	struct pw_frame frame;
	enum pw_error error;
	bool done;

	while (len > 0) {
		size_t n = pw_decoder_push(&pen->decoder, data, len, &done, &error, &frame);

		if (done && error == PW_OK)
			on_frame(pen, &frame, tick_us);
		data += n;
		len -= n;
	}
}

/* ---- what the pen says ---- */

static void fill_status(const struct pw_pen *pen, uint64_t tick_us, struct pw_status *status)
{
	const struct pw_pen_sensors *s = &pen->sensors;

	*status = (struct pw_status){
		.tick_us = tick_us,
		.boot = pen->identity.boot,
		.flags = s->flags & (PW_STATUS_CHARGING | PW_STATUS_CARTRIDGE),
		.battery_percent = s->battery_percent,
		.motor_mv = s->motor_mv,
		.motor_ma = s->motor_ma,
		.temperature_cc = s->temperature_cc,
		.read_id = pen->read_id,
		.first_seq = pen->log.first_seq,
		.next_seq = pen->log.next_seq,
		.sent_seq = pen->sent_seq,
	};
	if (pen->running)
		status->flags |= PW_STATUS_RUNNING;
	if (pw_pen_blinking(pen, tick_us))
		status->flags |= PW_STATUS_BLINKING;
	if (pen->store_failed)
		status->flags |= PW_STATUS_STORE_FAILED;
}

/* Gathers whole records behind where the message's head will be. A record that cannot be read ends
 * the stream. */
static bool fill_records(struct pw_pen *pen, struct pw_records *records)
{
	uint8_t *data = pen->scratch + PW_RECORDS_HEAD;
	size_t cap = sizeof(pen->scratch) - PW_RECORDS_HEAD, size;
	enum pw_error error = PW_OK;

	*records = (struct pw_records){.read_id = pen->read_id,
				       .first_seq = pen->sent_seq,
				       .avail_seq = pen->log.first_seq,
				       .data = data};
	while (records_ready(pen)) {
		error = pw_log_read(&pen->log, pen->sent_seq, data + records->len,
				    cap - records->len, &size);
		if (error != PW_OK)
			break;
		records->len += size;
		records->count++;
		pen->sent_seq++;
	}
	if (records->count == 0 && error != PW_OK) {
		refuse(pen, PW_REFUSED_STORE, PW_MSG_READ, pen->read_id, pen->sent_seq);
		end_stream(pen);
	}
	return records->count > 0;
}

/* The next message in order of urgency. */
static bool next_message(struct pw_pen *pen, uint64_t tick_us, struct pw_msg *msg)
{
	struct pw_identity *id = &pen->identity;

	if (pen->due == 0 && records_ready(pen) && fill_records(pen, &msg->records)) {
		msg->type = PW_MSG_RECORDS;
		return true;
	}
	if (pen->due & PW_DUE_PONG) {
		pen->due &= (uint16_t)~PW_DUE_PONG;
		msg->type = PW_MSG_PONG;
		msg->pong = (struct pw_pong){.ping_id = pen->ping.ping_id,
					     .host_us = pen->ping.host_us,
					     .tick_us = pen->ping_tick_us,
					     .sent_us = tick_us,
					     .boot = id->boot};
	} else if (pen->due & PW_DUE_REFUSED) {
		pen->due &= (uint16_t)~PW_DUE_REFUSED;
		msg->type = PW_MSG_REFUSED;
		msg->refused = pen->refused;
	} else if (pen->due & PW_DUE_IDENTITY) {
		pen->due &= (uint16_t)~PW_DUE_IDENTITY;
		id->tick_us = tick_us;
		id->log_id = pen->log.log_id;
		id->first_seq = pen->log.first_seq;
		id->next_seq = pen->log.next_seq;
		msg->type = PW_MSG_IDENTITY;
		msg->identity = *id;
	} else if (pen->due & PW_DUE_STATUS) {
		pen->due &= (uint16_t)~PW_DUE_STATUS;
		pen->status_us = tick_us;
		pen->status_seq = pen->sent_seq;
		msg->type = PW_MSG_STATUS;
		fill_status(pen, tick_us, &msg->status);
	} else {
		return false;
	}
	return true;
}

/* Puts the next frame into pen->tx. */
static bool next_frame(struct pw_pen *pen, uint64_t tick_us)
{
	struct pw_msg msg;
	size_t len;

	if (!next_message(pen, tick_us, &msg))
		return false;
	if (pw_msg_encode(&msg, pen->scratch, sizeof(pen->scratch), &len) != PW_OK ||
	    pw_frame_encode(msg.type, pen->tx_number, pen->scratch, len, pen->tx, sizeof(pen->tx),
			    &len) != PW_OK)
		return false;
	pen->tx_number++;
	pen->tx_len = (uint16_t)len;
	pen->tx_at = 0;
	return true;
}

/* What becomes due by time alone. */
static void advance(struct pw_pen *pen, uint64_t tick_us)
{
	if (pen->read_id == 0)
		return;
	if (pw_pen_gone_at(pen, tick_us)) {
		end_stream(pen);
		return;
	}
	if (tick_us >= pw_pen_flush_at(pen))
		pw_pen_close_cycles(pen);
	if (tick_us >= status_at(pen))
		pen->due |= PW_DUE_STATUS;
}

size_t pw_pen_output(struct pw_pen *pen, uint8_t *out, size_t cap, uint64_t tick_us)
{
	size_t done = 0, n;

	while (done < cap) {
		if (pen->tx_at == pen->tx_len) {
			advance(pen, tick_us);
			if (!next_frame(pen, tick_us))
				break;
		}
		n = (size_t)(pen->tx_len - pen->tx_at);
		if (n > cap - done)
			n = cap - done;
		memcpy(out + done, pen->tx + pen->tx_at, n);
		pen->tx_at += (uint16_t)n;
		done += n;
	}
	return done;
}

uint64_t pw_pen_next_us(const struct pw_pen *pen, uint64_t tick_us)
{
	const struct pw_log *log = &pen->log;
	uint64_t from = pen->sent_seq < log->first_seq ? log->first_seq : pen->sent_seq, at;

	if (pen->tx_at != pen->tx_len || (pen->due & ~PW_DUE_STATUS))
		return tick_us;
	if (pen->read_id == 0 || pw_pen_gone_at(pen, tick_us))
		return UINT64_MAX;
	if ((pen->due & PW_DUE_STATUS) || (from < log->next_seq && from < pen->limit_seq))
		return tick_us;
	at = pw_pen_flush_at(pen);
	if (status_at(pen) < at)
		at = status_at(pen);
	if (at < tick_us)
		return tick_us;
	return pw_pen_gone_at(pen, at) ? UINT64_MAX : at;
}

void pw_pen_disconnected(struct pw_pen *pen)
{
	end_stream(pen);
	pen->due = 0;
	pen->tx_len = pen->tx_at = 0;
	pw_decoder_reset(&pen->decoder);
}
