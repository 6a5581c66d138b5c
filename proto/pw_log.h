/* SPDX-License-Identifier: MIT */
/*
 * The pen's record log over an abstract store of erasable pages (NOR flash, FRAM, a file, RAM).
 *
 * Records are numbered by a 64-bit seq that never resets within a log_id. A page carries a head (magic, log_id, seq of its
 * first record, CRC) and records with a length and CRC each, so that a power cut at any moment costs at most the record being
 * written and never a number twice. When the ring is full the oldest page is erased.
 */
#ifndef PW_LOG_H
#define PW_LOG_H

#include "pw.h"
#include "pw_rec.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PW_LOG_PAGE_MIN 1024u
#define PW_LOG_HOSTS    4u   /* hosts whose acknowledgement is remembered; the one unheard of longest gives way */

/*
 * The maker's flash. Functions return 0 or a negative number of the maker's own, which the log reports as PW_E_STORE. @buf may
 * be at any address. Within a page programs go to erased bytes only, each once, but not always in ascending order. read()
 * fails only if the flash does not answer: for a unit whose programming or erasing was cut short it gives any bytes.
 */
struct pw_store {
	void *ctx;
	uint32_t page_size;  /* bytes, PW_LOG_PAGE_MIN..; what erase() erases */
	uint32_t pages;      /* 2.. */
	uint32_t align;      /* programs start and end at multiples of this: 1, 2, 4, 8, 16, 32 */
	int (*read)(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len);
	int (*program)(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len); /* bytes are 0xff before */
	int (*erase)(void *ctx, uint32_t page);
};

struct pw_log {
	const struct pw_store *store; /* borrowed */
	uint64_t log_id;
	uint64_t first_seq;
	uint64_t next_seq;
	uint64_t page_seq;               /* of the first record in head_page */
	uint32_t head_page, head_offset; /* where the next record goes */
	uint32_t tail_page;              /* oldest page */
	uint32_t turn;                   /* of head_page: counts the pages begun, so that their order is known */
	uint32_t torn;                   /* half-written records found at open */
	/*
	 * Two counters of the layer above, which it changes at will. Every page head keeps what they were when the page was
	 * begun, and open brings them back, so that they outlive the records that the ring overwrites.
	 */
	uint32_t boot, run;
	struct { uint64_t host_id, next_seq; } host[PW_LOG_HOSTS];
	uint8_t hosts;
	/* a reader's place, so that reading on does not search from the start of a page */
	uint32_t at_page, at_offset;
	uint64_t at_seq;
};

/*
 * Finds the log in the store, or formats it with @new_log_id (random, not 0) when there is none. PW_E_STORE; PW_E_VALUE for an
 * impossible geometry. The store is borrowed for the log's life.
 */
enum pw_error pw_log_open(struct pw_log *log, const struct pw_store *store, uint64_t new_log_id);

/* Erases everything and starts the log @new_log_id at seq 0. */
enum pw_error pw_log_format(struct pw_log *log, uint64_t new_log_id);

/* Appends one encoded record; it is in the store when this returns PW_OK. *ret_seq may be NULL. PW_E_STORE; PW_E_LONG beyond
 * PW_REC_MAX; PW_E_SHORT below PW_REC_HEAD. When the ring is full this erases the oldest page. */
enum pw_error pw_log_append(struct pw_log *log, const uint8_t *record, size_t size, uint64_t *ret_seq);

/* Reads record @seq into @out. PW_E_GONE, PW_E_AHEAD, PW_E_SPACE, PW_E_STORE, PW_E_CRC (rotten flash). */
enum pw_error pw_log_read(struct pw_log *log, uint64_t seq, uint8_t *out, size_t cap, size_t *ret_size);

/* Notes that @host_id holds everything below @next_seq. Never frees by itself. */
void pw_log_ack(struct pw_log *log, uint64_t host_id, uint64_t next_seq);

/* The highest acknowledgement of any host: records from here on would be lost to all if overwritten. */
uint64_t pw_log_acked(const struct pw_log *log);

#ifdef __cplusplus
}
#endif

#endif
