/* SPDX-License-Identifier: MIT */
/*
 * Penwire messages: what a frame's payload means. README.md, "Messages", has the byte tables.
 *
 * Decoding reads the known part of a payload and ignores what follows it (a newer peer may have added fields); a payload
 * shorter than the known part is PW_E_SHORT. Encoding writes the fixed layout of this version.
 */
#ifndef PW_MSG_H
#define PW_MSG_H

#include "pw.h"

#ifdef __cplusplus
extern "C" {
#endif

enum pw_msg_type {
	/* host to pen: 0x01..0x3f */
	PW_MSG_HELLO = 0x01,
	PW_MSG_READ = 0x02,
	PW_MSG_ACK = 0x03,
	PW_MSG_PING = 0x04,
	PW_MSG_IDENTIFY = 0x05,
	/* pen to host: 0x41..0x7f */
	PW_MSG_IDENTITY = 0x41,
	PW_MSG_STATUS = 0x42,
	PW_MSG_RECORDS = 0x43,
	PW_MSG_PONG = 0x44,
	PW_MSG_REFUSED = 0x45,
};

#define PW_TEXT_SIZE 32u /* text on the wire: UTF-8, zero-padded, not necessarily zero-terminated at 32 */

/* Who is there? Answered by IDENTITY. Sent at connect and repeated every second until answered. A HELLO ends any read. */
struct pw_hello {
	uint8_t version_min, version_max; /* the host's range of protocol versions */
	uint64_t host_id;                 /* random, made once per database; 0 is reserved for "anonymous, never acks" */
};
#define PW_HELLO_SIZE 12u

/*
 * Send me records. A new read_id starts a new stream at from_seq; the same read_id only moves limit_seq (the credit
 * window): the pen may send records with seq < limit_seq. At the log's end the stream goes on with each new record.
 */
struct pw_read {
	uint32_t read_id;   /* chosen by the host, never 0, another one for each (re)start */
	uint64_t log_id;
	uint64_t from_seq;
	uint64_t limit_seq; /* exclusive */
	uint16_t flush_ms;  /* at the log's end: close a cycles record at least this often while running; 0: pen's choice */
};
#define PW_READ_SIZE 32u

/* All records with seq < next_seq of this log are durable at this host. The pen frees them only when it needs the space. */
struct pw_ack {
	uint64_t log_id;
	uint64_t next_seq;
	uint64_t host_id;
};
#define PW_ACK_SIZE 24u

struct pw_ping {
	uint32_t ping_id;
	uint64_t host_us; /* opaque to the pen, echoed */
};
#define PW_PING_SIZE 12u

/* Blink, so that staff can tell which pen is which. 0 ms stops. */
struct pw_identify {
	uint16_t duration_ms;
};
#define PW_IDENTIFY_SIZE 4u

enum pw_depth_source {
	PW_DEPTH_NONE = 0,    /* the pen reports no depth */
	PW_DEPTH_SENSOR = 1,  /* protrusion measured per cycle */
	PW_DEPTH_SETTING = 2, /* protrusion as set on the machine */
};

enum pw_capability {
	PW_CAP_IDENTIFY = 1u << 0,
	PW_CAP_BUTTON = 1u << 1,
	PW_CAP_CARTRIDGE_ID = 1u << 2,
	PW_CAP_BATTERY = 1u << 3,
	PW_CAP_CLOCK = 1u << 4, /* has a real-time clock, sends clock records */
};

struct pw_identity {
	uint8_t version;            /* chosen by the pen within the host's range; 0: none fits (the session ends there) */
	uint8_t version_min, version_max;
	uint8_t depth_source;       /* enum pw_depth_source */
	uint16_t depth_uncertainty_um; /* of one depth value, PW_UNKNOWN_U16 if not stated */
	uint16_t depth_resolution_um;
	uint16_t stroke_um;         /* nominal stroke */
	uint32_t capabilities;      /* enum pw_capability; unknown bits are ignored */
	uint32_t boot;              /* counts power-ups; grows by one each, never resets within a log */
	uint64_t tick_us;           /* now, microseconds since this boot */
	uint64_t log_id;            /* random, made when the log was formatted */
	uint64_t first_seq;         /* oldest record still held */
	uint64_t next_seq;          /* number the next record will get */
	uint8_t manufacturer[PW_TEXT_SIZE];
	uint8_t model[PW_TEXT_SIZE];
	uint8_t serial[PW_TEXT_SIZE];   /* at least one printable character; the pen's identity everywhere */
	uint8_t firmware[PW_TEXT_SIZE];
};
#define PW_IDENTITY_SIZE 180u

enum pw_status_flag {
	PW_STATUS_RUNNING = 1u << 0,
	PW_STATUS_CHARGING = 1u << 1,
	PW_STATUS_CARTRIDGE = 1u << 2,
	PW_STATUS_BLINKING = 1u << 3,
	PW_STATUS_STORE_FAILED = 1u << 4, /* the log cannot be written: cycles are being lost */
};

/* Sent while a host reads: after each READ and PONG, at once when RUNNING changes, and every second while something happens. */
struct pw_status {
	uint64_t tick_us;
	uint32_t boot;
	uint16_t flags;
	uint8_t battery_percent;     /* 0..100, PW_UNKNOWN_U8 */
	uint16_t motor_mv, motor_ma; /* PW_UNKNOWN_U16 */
	int16_t temperature_cc;      /* hundredths of a degree Celsius, PW_UNKNOWN_I16 */
	uint32_t read_id;            /* the stream being served, 0 if none */
	uint64_t first_seq, next_seq;
	uint64_t sent_seq;           /* every record of this stream with seq < sent_seq has been sent: more than the host has = loss */
};
#define PW_STATUS_SIZE 52u

/* A run of consecutive records of the stream @read_id. */
struct pw_records {
	uint32_t read_id;
	uint16_t count;          /* 1..; records follow each other without padding */
	uint64_t first_seq;      /* of the first record here */
	uint64_t avail_seq;      /* oldest record the log still holds: what the host lacks below it is lost for ever */
	const uint8_t *data;     /* borrowed: the records, each a pw_rec header and payload */
	size_t len;
};
#define PW_RECORDS_HEAD 24u

struct pw_pong {
	uint32_t ping_id;
	uint64_t host_us;   /* echo */
	uint64_t tick_us;   /* when the ping was received */
	uint64_t sent_us;   /* tick when this pong was handed to the transport; >= tick_us */
	uint32_t boot;
};
#define PW_PONG_SIZE 32u

enum pw_refusal {
	PW_REFUSED_LOG = 1,     /* log_id is not this log's; detail: log_id of the pen */
	PW_REFUSED_GONE = 2,    /* from_seq < first_seq; detail: first_seq */
	PW_REFUSED_AHEAD = 3,   /* from_seq > next_seq; detail: next_seq */
	PW_REFUSED_VALUE = 4,   /* short, or a field out of range; detail: offset of the first byte missing or wrong */
	PW_REFUSED_TYPE = 5,    /* a message type the pen does not know */
	PW_REFUSED_STORE = 6,   /* the pen cannot read its log; detail: the seq */
};

struct pw_refused {
	uint8_t reason;  /* enum pw_refusal */
	uint8_t about;   /* the message type refused */
	uint32_t read_id; /* for READ, else 0 */
	uint64_t detail;
};
#define PW_REFUSED_SIZE 16u

struct pw_msg {
	uint8_t type; /* enum pw_msg_type */
	union {
		struct pw_hello hello;
		struct pw_read read;
		struct pw_ack ack;
		struct pw_ping ping;
		struct pw_identify identify;
		struct pw_identity identity;
		struct pw_status status;
		struct pw_records records;
		struct pw_pong pong;
		struct pw_refused refused;
	};
};

/*
 * Reads a payload of message type @type. PW_E_TYPE for a type not in enum pw_msg_type, PW_E_SHORT, PW_E_VALUE for a field
 * out of the range its byte table states (in particular an empty or unprintable serial). For PW_MSG_RECORDS, ret->records.data
 * borrows from @payload; the records in it are not checked here (see pw_rec_next).
 */
enum pw_error pw_msg_decode(uint8_t type, const uint8_t *payload, size_t len, struct pw_msg *ret);

/* Writes the payload of @msg to @out. For PW_MSG_RECORDS copies msg->records.data. PW_E_SPACE, PW_E_TYPE, PW_E_VALUE. */
enum pw_error pw_msg_encode(const struct pw_msg *msg, uint8_t *out, size_t cap, size_t *ret_len);

/* Copies a 32-byte text field to a zero-terminated buffer of PW_TEXT_SIZE + 1, trailing zeros dropped; returns its length.
 * Bytes that are not valid UTF-8 or are control characters become '?'. */
size_t pw_text_get(const uint8_t field[PW_TEXT_SIZE], char out[PW_TEXT_SIZE + 1]);
/* Fills a field from a zero-terminated text, cut at a character border. */
void pw_text_put(uint8_t field[PW_TEXT_SIZE], const char *text);

#ifdef __cplusplus
}
#endif

#endif
