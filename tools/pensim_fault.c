/* SPDX-License-Identifier: MIT */
#include "pensim_fault.h"

#include "pensim_usb.h"

#define STREAM_FAULTS 3

enum fault_class {
	FAULT_BYTE,
	FAULT_TIMED,
	FAULT_RECORD,
	FAULT_MESSAGE,
	FAULT_TRANSFER,
	FAULT_OTHER
};

static const struct {
	const char *name;
	enum fault_class class;
	double standard; /* the value if none is given */
	const char *doc;
} faults[FAULT_MAX_] = {
	[FAULT_LOSE_OUT] = {"lose-out", FAULT_BYTE, 1e-4, "bytes to the host get lost"},
	[FAULT_LOSE_IN] = {"lose-in", FAULT_BYTE, 1e-3, "bytes to the pen get lost"},
	[FAULT_DOUBLE_OUT] = {"double-out", FAULT_BYTE, 1e-4, "bytes to the host come twice"},
	[FAULT_DOUBLE_IN] = {"double-in", FAULT_BYTE, 1e-3, "bytes to the pen come twice"},
	[FAULT_FLIP_OUT] = {"flip-out", FAULT_BYTE, 1e-4, "a bit of a byte to the host flips"},
	[FAULT_FLIP_IN] = {"flip-in", FAULT_BYTE, 1e-3, "a bit of a byte to the pen flips"},
	[FAULT_STALL] = {"stall", FAULT_TIMED, 5, "nothing goes to the host for 0.1 to 3 s"},
	[FAULT_PULL] = {"pull", FAULT_TIMED, 10,
			"the cable is pulled, and plugged back after 0.05 to 2 s"},
	[FAULT_PULL_BYTES] = {"pull-bytes", FAULT_OTHER, 20000,
			      "the same, counted in bytes sent to the host"},
	[FAULT_REBOOT] = {"reboot", FAULT_TIMED, 30,
			  "the pen restarts, be it in the middle of a run"},
	[FAULT_FORMAT] = {"format", FAULT_TIMED, 60, "the flash is formatted: a new log"},
	[FAULT_ROLL_BACK] =
		{"roll-back", FAULT_TIMED, 60,
		 "the flash becomes what it was at the last time, under the same log_id"},
	[FAULT_JUMP] = {"jump", FAULT_TIMED, 60, "the pen's tick jumps 1 to 100 s ahead"},
	[FAULT_STORE] = {"store", FAULT_TIMED, 60, "the flash cannot be written for 0.5 to 5 s"},
	[FAULT_BAD_BLOCK] = {"bad-block", FAULT_RECORD, 0.01,
			     "a block of cycles does not match its CRC"},
	[FAULT_WRONG_TOTALS] = {"wrong-totals", FAULT_RECORD, 0.1, "a run end claims other totals"},
	[FAULT_RUN_REPEATED] = {"run-repeated", FAULT_RECORD, 0.1,
				"a run has the number of the one before"},
	[FAULT_NO_RUN_START] = {"no-run-start", FAULT_RECORD, 0.1,
				"cycles come without a run start"},
	[FAULT_NO_RUN_END] = {"no-run-end", FAULT_RECORD, 0.1, "a run has no end"},
	[FAULT_UNKNOWN_RECORD] = {"unknown-record", FAULT_RECORD, 0.2,
				  "a record of a type nobody knows"},
	[FAULT_LONG_RECORD] = {"long-record", FAULT_RECORD, 0.2,
			       "a button record longer than known"},
	[FAULT_TICK_BACK] = {"tick-back", FAULT_RECORD, 0.1,
			     "the tick goes back 1 to 100 s within a boot"},
	[FAULT_WRONG_COUNT] = {"wrong-count", FAULT_MESSAGE, 0.05,
			       "RECORDS says another count than it has"},
	[FAULT_BEYOND_CREDIT] = {"beyond-credit", FAULT_MESSAGE, 1,
				 "RECORDS goes on beyond the credit"},
	[FAULT_SKIP_RECORD] = {"skip-record", FAULT_MESSAGE, 0.05,
			       "RECORDS leaves out its first record"},
	[FAULT_REPEAT] = {"repeat", FAULT_MESSAGE, 0.1, "a message comes twice"},
	[FAULT_OLD_READ_ID] = {"old-read-id", FAULT_MESSAGE, 0.05,
			       "RECORDS of a stream that is over"},
	[FAULT_CUT_RECORD] = {"cut-record", FAULT_MESSAGE, 0.05,
			      "the last record of RECORDS is not whole"},
	[FAULT_LOSE_FRAME] = {"lose-frame", FAULT_MESSAGE, 0.05,
			      "a whole frame gets lost; the counter tells"},
	[FAULT_UNKNOWN_MESSAGE] = {"unknown-message", FAULT_MESSAGE, 0.1,
				   "a message of a type nobody knows"},
	[FAULT_LONG_MESSAGE] = {"long-message", FAULT_MESSAGE, 1, "messages longer than known"},
	[FAULT_SHORT_MESSAGE] = {"short-message", FAULT_MESSAGE, 0.05,
				 "messages that end too early"},
	[FAULT_WRONG_STATUS] = {"wrong-status", FAULT_MESSAGE, 0.5,
				"STATUS claims records that are not there"},
	[FAULT_WRONG_PONG] = {"wrong-pong", FAULT_MESSAGE, 0.5,
			      "PONG answers another ping, or a time that was not asked"},
	[FAULT_REFUSE] = {"refuse", FAULT_MESSAGE, 1, "REFUSED instead of RECORDS"},
	[FAULT_EMPTY_SERIAL] = {"empty-serial", FAULT_MESSAGE, 1,
				"IDENTITY without a serial number"},
	[FAULT_OTHER_SERIAL] = {"other-serial", FAULT_MESSAGE, 1,
				"another serial number in each IDENTITY"},
	[FAULT_NO_VERSION] = {"no-version", FAULT_MESSAGE, 1,
			      "speaks no version of the protocol that we know"},
	[FAULT_MUTE] = {"mute", FAULT_MESSAGE, 1, "never answers"},
	[FAULT_USB_SHORT] =
		{"usb-short", FAULT_TRANSFER, 0.2,
		 "a transfer ends early with a short packet; the rest comes in the next"},
	[FAULT_USB_ZLP] = {"usb-zlp", FAULT_TRANSFER, 0.2,
			   "an empty packet instead of data that are there"},
	[FAULT_USB_ERROR] = {"usb-error", FAULT_TRANSFER, 0.01,
			     "a transfer fails on the wire (EPROTO)"},
	[FAULT_USB_OVERFLOW] =
		{"usb-overflow", FAULT_TRANSFER, 0.01,
		 "the pen sends a packet more than was asked for; it is lost (EOVERFLOW)"},
	[FAULT_USB_STALL] = {"usb-stall", FAULT_TIMED, 5,
			     "an endpoint halts, to or from the host, until the host clears it"},
	[FAULT_USB_CUT] =
		{"usb-cut", FAULT_TIMED, 10,
		 "the cable goes in the middle of a transfer, and comes back after 0.05 to 2 s"},
	[FAULT_USB_RESET] =
		{"usb-reset", FAULT_TIMED, 10,
		 "the device answers nothing for 0.1 s, leaves the bus and comes back at once"},
	[FAULT_USB_SLOW] = {"usb-slow", FAULT_OTHER, 20,
			    "the pen needs so long before each transfer"},
	[FAULT_USB_VANISH] =
		{"usb-vanish", FAULT_OTHER, 50,
		 "leaves the bus so long after it was configured, and comes back, again and again"},
	[FAULT_USB_LIE] = {"usb-lie", FAULT_OTHER, 1,
			   "descriptors that lie; --fault usb-lie=list prints how"},
	[FAULT_BABBLE] = {"babble", FAULT_OTHER, 2000, "random bytes, so many a second"},
	[FAULT_SAME_SERIAL] = {"same-serial", FAULT_OTHER, 0,
			       "has the serial number of the pen with this number"},
};

const char *pensim_fault_name(enum pensim_fault id)
{
	return faults[id].name;
}

static const char *unit_of(enum pensim_fault id)
{
	switch (faults[id].class) {
	case FAULT_BYTE:
		return "of all bytes";
	case FAULT_TIMED:
		return "seconds apart";
	case FAULT_RECORD:
		return "of all occasions";
	case FAULT_MESSAGE:
		return "of such messages";
	case FAULT_TRANSFER:
		return "of all transfers";
	case FAULT_OTHER:
		break;
	}
	if (id == FAULT_USB_SLOW || id == FAULT_USB_VANISH)
		return "milliseconds";
	if (id == FAULT_USB_LIE)
		return "(number)";
	return id == FAULT_BABBLE	? "bytes a second"
	       : id == FAULT_PULL_BYTES ? "bytes apart"
					: "(pen)";
}

void pensim_fault_list(FILE *to)
{
	fprintf(to, "%-16s %-22s %s\n", "NAME", "=VALUE (standard)", "WHAT");
	for (int i = 0; i < FAULT_MAX_; i++) {
		char value[48];

		snprintf(value, sizeof(value), "%g %s", faults[i].standard, unit_of(i));
		fprintf(to, "%-16s %-22s %s\n", faults[i].name, value, faults[i].doc);
	}
}

void pensim_faults_init(struct pensim_faults *f, uint64_t seed, uint32_t pen)
{
	*f = (struct pensim_faults){.pull_at_bytes = UINT64_MAX};
	rng_init(&f->rng, seed, pen, STREAM_FAULTS);
	for (int i = 0; i < FAULT_MAX_; i++)
		f->next_us[i] = INT64_MAX;
	f->value[FAULT_SAME_SERIAL] = -1;
	pw_decoder_init(&f->decoder, f->rx, sizeof(f->rx));
}

static void schedule(struct pensim_faults *f, enum pensim_fault id, int64_t now_us)
{
	double mean = f->value[id];

	f->next_us[id] =
		mean > 0 ? now_us + (int64_t)(rng_exponential(&f->rng, mean) * 1e6) : INT64_MAX;
}

static void fault_set(struct pensim_faults *f, enum pensim_fault id, double value, int64_t now_us)
{
	f->value[id] = value;
	if (faults[id].class == FAULT_TIMED)
		schedule(f, id, now_us);
	if (id == FAULT_PULL_BYTES)
		f->pull_at_bytes = UINT64_MAX; /* drawn at the next byte sent */
}

int pensim_faults_set(struct pensim_faults *f, const char *text, int64_t now_us,
		      const char **ret_why)
{
	const char *equals = strchr(text, '=');
	size_t len = equals ? (size_t)(equals - text) : strlen(text);
	char *end;
	double value;

	if (streq(text, "none")) {
		for (int i = 0; i < FAULT_MAX_; i++)
			fault_set(f, i, i == FAULT_SAME_SERIAL ? -1 : 0, now_us);
		f->stalled_until_us = 0;
		return 0;
	}
	for (int i = 0; i < FAULT_MAX_; i++) {
		bool chance = faults[i].class == FAULT_BYTE || faults[i].class == FAULT_RECORD ||
			      faults[i].class == FAULT_MESSAGE || faults[i].class == FAULT_TRANSFER;

		if (strlen(faults[i].name) != len || memcmp(faults[i].name, text, len) != 0)
			continue;
		value = faults[i].standard;
		if (equals && streq(equals + 1, "off")) {
			value = i == FAULT_SAME_SERIAL ? -1 : 0;
		} else if (equals) {
			errno = 0;
			value = strtod(equals + 1, &end);
			*ret_why =
				"the value is not a number, or negative, or a probability above 1";
			if (end == equals + 1 || *end || errno || !(value >= 0) || value > 1e12 ||
			    (chance && value > 1))
				return -EINVAL;
		}
		if (i == FAULT_USB_LIE && (value >= USB_LIE_MAX_ || value != floor(value))) {
			*ret_why = "no such lie; `pensim --fault usb-lie=list` prints them";
			return -EINVAL;
		}
		fault_set(f, i, value, now_us);
		return 0;
	}
	*ret_why = "no such fault; `pensim --fault list` prints them";
	return -EINVAL;
}

bool pensim_fault_hits(struct pensim_faults *f, enum pensim_fault id)
{
	return rng_chance(&f->rng, f->value[id]);
}

bool pensim_fault_due(struct pensim_faults *f, enum pensim_fault id, int64_t now_us)
{
	if (now_us < f->next_us[id])
		return false;
	schedule(f, id, now_us);
	return true;
}

int64_t pensim_fault_next(const struct pensim_faults *f)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < FAULT_MAX_; i++)
		next = MIN(next, f->next_us[i]);
	return next;
}

void pensim_fault_sent(struct pensim_faults *f, uint64_t sent)
{
	if (f->value[FAULT_PULL_BYTES] > 0 && f->pull_at_bytes == UINT64_MAX)
		f->pull_at_bytes =
			sent + 1 + (uint64_t)rng_exponential(&f->rng, f->value[FAULT_PULL_BYTES]);
}

bool pensim_fault_spoils_messages(const struct pensim_faults *f)
{
	for (int i = 0; i < FAULT_MAX_; i++)
		if (faults[i].class == FAULT_MESSAGE && f->value[i] > 0)
			return true;
	return false;
}

size_t pensim_fault_bytes(struct pensim_faults *f, bool to_host, const uint8_t *in, size_t len,
			  uint8_t *out)
{
	enum pensim_fault lose = to_host ? FAULT_LOSE_OUT : FAULT_LOSE_IN;
	enum pensim_fault twice = to_host ? FAULT_DOUBLE_OUT : FAULT_DOUBLE_IN;
	enum pensim_fault flip = to_host ? FAULT_FLIP_OUT : FAULT_FLIP_IN;
	size_t n = 0;

	if (f->value[lose] <= 0 && f->value[twice] <= 0 && f->value[flip] <= 0) {
		memcpy(out, in, len);
		return len;
	}
	for (size_t i = 0; i < len; i++) {
		if (pensim_fault_hits(f, lose))
			continue;
		out[n++] = in[i];
		if (pensim_fault_hits(f, twice))
			out[n++] = in[i];
		if (pensim_fault_hits(f, flip))
			out[n - 1] ^= (uint8_t)(1u << rng_below(&f->rng, 8));
	}
	return n;
}

/* ---- firmware that sends wrongly ---- */

static void frame_out(struct pensim_faults *f, uint8_t type, const uint8_t *payload, size_t len,
		      struct buf *out)
{
	uint8_t wire[PW_WIRE_MAX];
	size_t size;

	if (pw_frame_encode(type, f->number++, payload, MIN(len, (size_t)PW_PAYLOAD_MAX), wire,
			    sizeof(wire), &size) == PW_OK)
		buf_add(out, wire, size);
}

/* RECORDS: u32 read_id, u16 count, u64 first_seq at 8, u64 avail_seq, records from 24 on. */
static size_t spoil_records(struct pensim_faults *f, uint8_t *type, uint8_t *p, size_t len)
{
	uint16_t count = pw_get16(p + 4);
	struct pw_rec rec;
	size_t size;

	if (pensim_fault_hits(f, FAULT_WRONG_COUNT)) {
		static const uint16_t wrong[] = {0, 1, 2, 1000, 0xffff};

		pw_put16(p + 4,
			 (uint16_t)(count + wrong[rng_below(&f->rng, ELEMENTSOF(wrong))] + 1));
	}
	if (count > 1 && pensim_fault_hits(f, FAULT_SKIP_RECORD) &&
	    pw_rec_next(p + PW_RECORDS_HEAD, len - PW_RECORDS_HEAD, &rec, &size) == PW_OK) {
		memmove(p + PW_RECORDS_HEAD, p + PW_RECORDS_HEAD + size,
			len - PW_RECORDS_HEAD - size);
		len -= size;
		pw_put16(p + 4, (uint16_t)(count - 1));
		pw_put64(p + 8, pw_get64(p + 8) + 1);
	}
	if (pensim_fault_hits(f, FAULT_OLD_READ_ID))
		pw_put32(p, pw_get32(p) - 1);
	if (pensim_fault_hits(f, FAULT_CUT_RECORD))
		len -= 1 + rng_below(&f->rng, MIN(len - PW_RECORDS_HEAD, (size_t)PW_REC_HEAD));
	if (pensim_fault_hits(f, FAULT_REFUSE)) {
		uint32_t read_id = pw_get32(p);

		*type = PW_MSG_REFUSED;
		len = PW_REFUSED_SIZE;
		memset(p, 0, len);
		p[0] = PW_REFUSED_STORE;
		p[1] = PW_MSG_READ;
		pw_put32(p + 4, read_id);
	}
	return len;
}

static void spoil_identity(struct pensim_faults *f, uint8_t *p)
{
	uint8_t *serial = p + 116;

	if (pensim_fault_hits(f, FAULT_EMPTY_SERIAL))
		memset(serial, 0, PW_TEXT_SIZE);
	if (pensim_fault_hits(f, FAULT_OTHER_SERIAL)) {
		char text[PW_TEXT_SIZE + 1];

		snprintf(text, sizeof(text), "OTHER-%06u", (unsigned)rng_below(&f->rng, 1000000));
		pw_text_put(serial, text);
	}
	if (pensim_fault_hits(f, FAULT_NO_VERSION)) {
		p[0] = 0;
		p[1] = p[2] = 9;
	}
}

static void spoil_pong(struct pensim_faults *f, uint8_t *p)
{
	switch (rng_below(&f->rng, 3)) {
	case 0:
		pw_put32(p, pw_get32(p) + 1);
		break;
	case 1:
		pw_put64(p + 8, pw_get64(p + 8) ^ 0x100);
		break;
	default:
		pw_put64(p + 16, pw_get64(p + 24) + 1);
		break;
	}
}

static void spoil_frame(struct pensim_faults *f, const struct pw_frame *frame, struct buf *out)
{
	uint8_t p[PW_PAYLOAD_MAX + 16], type = frame->type;
	size_t len = frame->len;

	if (!f->numbered)
		f->number = frame->number;
	f->numbered = true;
	memcpy(p, frame->payload, len);
	if (pensim_fault_hits(f, FAULT_MUTE))
		return;
	if (pensim_fault_hits(f, FAULT_UNKNOWN_MESSAGE))
		frame_out(f, 0x5a, p, rng_below(&f->rng, len + 1), out);
	if (pensim_fault_hits(f, FAULT_LOSE_FRAME)) {
		f->number++;
		return;
	}
	switch (type) {
	case PW_MSG_RECORDS:
		len = spoil_records(f, &type, p, len);
		break;
	case PW_MSG_IDENTITY:
		spoil_identity(f, p);
		break;
	case PW_MSG_STATUS:
		if (pensim_fault_hits(f, FAULT_WRONG_STATUS)) {
			pw_put64(p + 36, pw_get64(p + 36) + 1000);
			pw_put64(p + 44, pw_get64(p + 44) + 500);
		}
		break;
	case PW_MSG_PONG:
		if (pensim_fault_hits(f, FAULT_WRONG_PONG))
			spoil_pong(f, p);
		break;
	}
	/* What follows RECORDS' known part are the records: only the others can be longer. */
	if (type != PW_MSG_RECORDS && pensim_fault_hits(f, FAULT_LONG_MESSAGE)) {
		size_t more = 1 + rng_below(&f->rng, 16);

		memset(p + len, 0xa5, more);
		len += more;
	}
	if (len > 0 && pensim_fault_hits(f, FAULT_SHORT_MESSAGE))
		len = rng_below(&f->rng, len);
	frame_out(f, type, p, len, out);
	if (pensim_fault_hits(f, FAULT_REPEAT))
		frame_out(f, type, p, len, out);
}

void pensim_fault_frames(struct pensim_faults *f, const uint8_t *in, size_t len, struct buf *out)
{
	struct pw_frame frame;
	enum pw_error error;
	bool done;

	while (len > 0) {
		size_t n = pw_decoder_push(&f->decoder, in, len, &done, &error, &frame);

		if (done && error == PW_OK)
			spoil_frame(f, &frame, out);
		in += n;
		len -= n;
	}
}

void pensim_fault_restart(struct pensim_faults *f)
{
	pw_decoder_reset(&f->decoder);
	f->numbered = false;
	f->stalled_until_us = 0;
}
