/* SPDX-License-Identifier: MIT */
/*
 * A page: head (40 bytes: magic, turn, log_id, first_seq, boot, run, 0, CRC-32C), then entries,
 * each on an aligned border: entry head (8 bytes: CRC-32C over seq and record, length, length
 * inverted) and the record. What is not programmed is 0xff.
 *
 * A record is programmed before its entry head, so an entry head that holds together says that the
 * record was whole: without one the number was never given out and is free; with one it is taken,
 * even if the record has rotted since. `turn` grows by one with every page begun, formatting
 * included, so the page with the highest is the newest, and the log reaches back from it as far as
 * the turns go down one by one under the same log_id.
 */
#include "pw_log.h"
#include "pw_mem.h"

#define PAGE_MAGIC 0x314c5750u /* "PWL1" */
#define PAGE_HEAD  40u
#define ENTRY_HEAD 8u
#define ALIGN_MAX  32u
#define NO_PLACE   UINT64_MAX /* at_seq when the reader's place is not known */
#define CHUNK	   64u	      /* bytes looked at at a time: stack is scarce */

struct page {
	uint32_t turn;
	uint32_t boot, run;
	uint64_t log_id, first_seq;
};

static uint32_t up(const struct pw_store *store, uint32_t len)
{
	return (len + store->align - 1u) & ~(store->align - 1u);
}

static uint32_t after(const struct pw_log *log, uint32_t page)
{
	return page + 1u == log->store->pages ? 0u : page + 1u;
}

static uint32_t before(const struct pw_log *log, uint32_t page)
{
	return page == 0u ? log->store->pages - 1u : page - 1u;
}

/* PW_E_CRC: no page begins there. */
static enum pw_error page_read(const struct pw_log *log, uint32_t page, struct page *ret)
{
	uint8_t b[PAGE_HEAD];

	if (log->store->read(log->store->ctx, page, 0, b, sizeof(b)) < 0)
		return PW_E_STORE;
	if (pw_get32(b) != PAGE_MAGIC || pw_get32(b + 36) != pw_crc32c(0, b, 36))
		return PW_E_CRC;
	ret->turn = pw_get32(b + 4);
	ret->log_id = pw_get64(b + 8);
	ret->first_seq = pw_get64(b + 16);
	ret->boot = pw_get32(b + 24);
	ret->run = pw_get32(b + 28);
	return PW_OK;
}

/* Erases @page and makes it the newest, with @seq as the number of its first record. */
static enum pw_error page_begin(struct pw_log *log, uint32_t page, uint64_t log_id, uint64_t seq)
{
	const struct pw_store *store = log->store;
	uint8_t b[(PAGE_HEAD + ALIGN_MAX - 1u) / ALIGN_MAX * ALIGN_MAX];

	if (log->at_page == page)
		log->at_seq = NO_PLACE;
	memset(b, 0xff, sizeof(b));
	pw_put32(b, PAGE_MAGIC);
	pw_put32(b + 4, log->turn + 1u);
	pw_put64(b + 8, log_id);
	pw_put64(b + 16, seq);
	pw_put32(b + 24, log->boot);
	pw_put32(b + 28, log->run);
	pw_put32(b + 32, 0);
	pw_put32(b + 36, pw_crc32c(0, b, 36));
	if (store->erase(store->ctx, page) < 0 ||
	    store->program(store->ctx, page, 0, b, up(store, PAGE_HEAD)) < 0)
		return PW_E_STORE;
	log->turn++;
	log->head_page = page;
	log->head_offset = up(store, PAGE_HEAD);
	log->page_seq = seq;
	return PW_OK;
}

/* The entry at a place: PW_E_SHORT if there is none. *ret_crc is what its record should have. */
static enum pw_error entry_read(const struct pw_log *log, uint32_t page, uint32_t offset,
				uint32_t *ret_size, uint32_t *ret_crc)
{
	const struct pw_store *store = log->store;
	uint32_t head = up(store, ENTRY_HEAD), size;
	uint8_t b[ENTRY_HEAD];

	if (offset > store->page_size || store->page_size - offset < head)
		return PW_E_SHORT;
	if (store->read(store->ctx, page, offset, b, sizeof(b)) < 0)
		return PW_E_STORE;
	size = pw_get16(b + 4);
	if ((size ^ pw_get16(b + 6)) != 0xffffu || size < PW_REC_HEAD || size > PW_REC_MAX ||
	    up(store, size) > store->page_size - offset - head)
		return PW_E_SHORT;
	*ret_size = size;
	*ret_crc = pw_get32(b);
	return PW_OK;
}

static uint32_t entry_span(const struct pw_store *store, uint32_t size)
{
	return up(store, ENTRY_HEAD) + up(store, size);
}

/* Whether the record behind an entry head is as it was written; in pieces, for it may be long.
 * PW_E_CRC if not. */
static enum pw_error entry_check(const struct pw_log *log, uint32_t page, uint32_t offset,
				 uint64_t seq, uint32_t size, uint32_t expected)
{
	const struct pw_store *store = log->store;
	uint8_t b[CHUNK];
	uint32_t crc, n;

	pw_put64(b, seq);
	crc = pw_crc32c(0, b, 8);
	for (offset += up(store, ENTRY_HEAD); size > 0; offset += n, size -= n) {
		n = size < CHUNK ? size : CHUNK;
		if (store->read(store->ctx, page, offset, b, n) < 0)
			return PW_E_STORE;
		crc = pw_crc32c(crc, b, n);
	}
	return crc == expected ? PW_OK : PW_E_CRC;
}

/* Counts the entries of a page; *ret_end is the offset after the last. */
static enum pw_error page_walk(const struct pw_log *log, uint32_t page, uint32_t *ret_count,
			       uint32_t *ret_end)
{
	uint32_t offset = up(log->store, PAGE_HEAD), count = 0, size, crc;
	enum pw_error error;

	while ((error = entry_read(log, page, offset, &size, &crc)) == PW_OK) {
		offset += entry_span(log->store, size);
		count++;
	}
	if (error != PW_E_SHORT)
		return error;
	*ret_count = count;
	*ret_end = offset;
	return PW_OK;
}

/* Whether a page holds all records from @seq to below @next, unharmed. PW_E_CRC if not. */
static enum pw_error page_check(const struct pw_log *log, uint32_t page, uint64_t seq,
				uint64_t next)
{
	uint32_t offset = up(log->store, PAGE_HEAD), size, crc;
	enum pw_error error;

	for (; seq < next; seq++) {
		error = entry_read(log, page, offset, &size, &crc);
		if (error == PW_OK)
			error = entry_check(log, page, offset, seq, size, crc);
		if (error != PW_OK)
			return error == PW_E_STORE ? error : PW_E_CRC;
		offset += entry_span(log->store, size);
	}
	return PW_OK;
}

/* The offset after the last byte of the page, from @offset on, that is not blank; @offset if all
 * are. */
static enum pw_error page_used(const struct pw_log *log, uint32_t page, uint32_t offset,
			       uint32_t *ret_end)
{
	const struct pw_store *store = log->store;
	uint32_t end = offset, n, i;
	uint8_t b[CHUNK];

	for (; offset < store->page_size; offset += n) {
		n = store->page_size - offset < CHUNK ? store->page_size - offset : CHUNK;
		if (store->read(store->ctx, page, offset, b, n) < 0)
			return PW_E_STORE;
		for (i = 0; i < n; i++)
			if (b[i] != 0xff)
				end = offset + i + 1u;
	}
	*ret_end = end;
	return PW_OK;
}

/* Finds the end of the newest page, where the next record goes. */
static enum pw_error open_head(struct pw_log *log)
{
	const struct pw_store *store = log->store;
	uint32_t count, end, used;
	enum pw_error error;

	error = page_walk(log, log->head_page, &count, &end);
	if (error != PW_OK)
		return error;
	log->next_seq = log->page_seq + count;
	log->head_offset = end;
	error = page_used(log, log->head_page, end, &used);
	if (error != PW_OK || used == end)
		return error;
	/* Nothing is programmed twice: the rest of the page is given up. */
	log->torn++;
	log->head_offset = store->page_size;
	/* More than one record can leave behind: entry heads have rotted, and the numbers of what
	 * follows were given out. */
	if (used - end > entry_span(store, PW_REC_MAX))
		log->next_seq += (used - end) / entry_span(store, PW_REC_HEAD) + 1u;
	return PW_OK;
}

/* Finds the oldest page. @newest: what the head page says. */
static enum pw_error open_tail(struct pw_log *log, const struct page *newest)
{
	struct page next = *newest, page;
	uint32_t at = log->head_page;
	enum pw_error error;

	for (uint32_t i = 1; i < log->store->pages; i++) {
		at = before(log, at);
		error = page_read(log, at, &page);
		if (error == PW_E_STORE)
			return error;
		if (error != PW_OK || page.log_id != newest->log_id ||
		    page.turn != newest->turn - i || page.first_seq > next.first_seq)
			break;
		/* The page that is erased next may be half erased already. */
		if (at == after(log, log->head_page)) {
			error = page_check(log, at, page.first_seq, next.first_seq);
			if (error == PW_E_STORE)
				return error;
			if (error != PW_OK)
				break;
		}
		log->tail_page = at;
		log->first_seq = page.first_seq;
		next = page;
	}
	return PW_OK;
}

static bool store_possible(const struct pw_store *store)
{
	uint32_t align = store->align;

	return align != 0 && (align & (align - 1u)) == 0 && align <= ALIGN_MAX &&
	       store->page_size >= PW_LOG_PAGE_MIN && (store->page_size & (align - 1u)) == 0 &&
	       store->page_size >= up(store, PAGE_HEAD) + entry_span(store, PW_REC_MAX) &&
	       store->page_size <= 0x80000000u && store->pages >= 2;
}

enum pw_error pw_log_open(struct pw_log *log, const struct pw_store *store, uint64_t new_log_id)
{
	struct page newest = {0}, page;
	bool found = false;
	enum pw_error error;

	memset(log, 0, sizeof(*log));
	log->store = store;
	log->at_seq = NO_PLACE;
	if (!store_possible(store) || new_log_id == 0)
		return PW_E_VALUE;
	for (uint32_t i = 0; i < store->pages; i++) {
		error = page_read(log, i, &page);
		if (error == PW_E_STORE)
			return error; /* never format what only did not answer */
		if (error != PW_OK || (found && page.turn <= newest.turn))
			continue;
		found = true;
		newest = page;
		log->head_page = i;
	}
	if (!found)
		return pw_log_format(log, new_log_id);
	log->turn = newest.turn;
	log->log_id = newest.log_id;
	log->boot = newest.boot;
	log->run = newest.run;
	log->tail_page = log->head_page;
	log->first_seq = log->page_seq = newest.first_seq;
	error = open_head(log);
	return error == PW_OK ? open_tail(log, &newest) : error;
}

/*
 * The first page of the new log is what makes it: until it stands the old log is whole but for its
 * oldest page, afterwards the old pages belong to nobody.
 */
enum pw_error pw_log_format(struct pw_log *log, uint64_t new_log_id)
{
	const struct pw_store *store = log->store;
	uint32_t first = after(log, log->head_page);
	enum pw_error error;

	if (new_log_id == 0)
		return PW_E_VALUE;
	log->boot = log->run = 0;
	error = page_begin(log, first, new_log_id, 0);
	if (error != PW_OK)
		return error;
	log->log_id = new_log_id;
	log->first_seq = log->next_seq = 0;
	log->tail_page = first;
	log->torn = 0;
	log->hosts = 0;
	log->at_seq = NO_PLACE;
	for (uint32_t i = 0; i < store->pages; i++)
		if (i != first && store->erase(store->ctx, i) < 0)
			return PW_E_STORE;
	return PW_OK;
}

/* Begins the next page; the oldest gives way if the ring is full. */
static enum pw_error next_page(struct pw_log *log)
{
	uint32_t next = after(log, log->head_page);
	struct page page;

	if (next == log->tail_page) {
		do {
			log->tail_page = after(log, log->tail_page);
			if (log->tail_page == log->head_page) {
				log->first_seq = log->page_seq;
				break;
			}
		} while (page_read(log, log->tail_page, &page) != PW_OK);
		if (log->tail_page != log->head_page)
			log->first_seq = page.first_seq;
	}
	return page_begin(log, next, log->log_id, log->next_seq);
}

static enum pw_error program_record(struct pw_log *log, const uint8_t *record, uint32_t size)
{
	const struct pw_store *store = log->store;
	uint32_t offset = log->head_offset + up(store, ENTRY_HEAD);
	uint32_t whole = size & ~(store->align - 1u);
	uint8_t b[ALIGN_MAX];

	if (whole > 0 && store->program(store->ctx, log->head_page, offset, record, whole) < 0)
		return PW_E_STORE;
	if (whole == size)
		return PW_OK;
	memset(b, 0xff, sizeof(b));
	memcpy(b, record + whole, size - whole);
	if (store->program(store->ctx, log->head_page, offset + whole, b, store->align) < 0)
		return PW_E_STORE;
	return PW_OK;
}

enum pw_error pw_log_append(struct pw_log *log, const uint8_t *record, size_t size,
			    uint64_t *ret_seq)
{
	const struct pw_store *store = log->store;
	uint32_t head = up(store, ENTRY_HEAD), found, crc, len = (uint32_t)size;
	uint8_t b[ALIGN_MAX];
	enum pw_error error;

	if (size > PW_REC_MAX)
		return PW_E_LONG;
	if (size < PW_REC_HEAD)
		return PW_E_SHORT;
	if (store->page_size - log->head_offset < entry_span(store, len)) {
		error = next_page(log);
		if (error != PW_OK)
			return error;
	}
	memset(b, 0xff, sizeof(b));
	pw_put32(b, pw_rec_crc(log->next_seq, record, size));
	pw_put16(b + 4, (uint16_t)len);
	pw_put16(b + 6, (uint16_t)~len);
	error = program_record(log, record, len);
	if (error == PW_OK &&
	    store->program(store->ctx, log->head_page, log->head_offset, b, head) < 0 &&
	    entry_read(log, log->head_page, log->head_offset, &found, &crc) != PW_OK)
		error = PW_E_STORE;
	if (error != PW_OK) {
		log->head_offset = store->page_size; /* whatever is there now, the next record goes
							elsewhere */
		return error;
	}
	log->head_offset += entry_span(store, len);
	if (ret_seq)
		*ret_seq = log->next_seq;
	log->next_seq++;
	return PW_OK;
}

/* Puts the reader's place on the begin of the page that should hold @seq. */
static enum pw_error place_page(struct pw_log *log, uint64_t seq)
{
	struct page page;
	enum pw_error error;

	log->at_seq = NO_PLACE;
	for (uint32_t at = log->tail_page;; at = after(log, at)) {
		error = page_read(log, at, &page);
		if (error == PW_E_STORE)
			return error;
		if (error == PW_OK && page.first_seq <= seq) {
			log->at_page = at;
			log->at_offset = up(log->store, PAGE_HEAD);
			log->at_seq = page.first_seq;
		}
		if (at == log->head_page || (error == PW_OK && page.first_seq > seq))
			break;
	}
	return log->at_seq == NO_PLACE ? PW_E_CRC : PW_OK;
}

/* Moves the reader's place on to @seq. PW_E_CRC: the page that held it has rotted. */
static enum pw_error place_seek(struct pw_log *log, uint64_t seq, uint32_t *ret_size,
				uint32_t *ret_crc)
{
	enum pw_error error = PW_OK;
	struct page page;
	uint32_t next;

	if (log->at_seq > seq)
		error = place_page(log, seq);
	while (error == PW_OK) {
		error = entry_read(log, log->at_page, log->at_offset, ret_size, ret_crc);
		if (error == PW_OK) {
			if (log->at_seq == seq)
				return PW_OK;
			log->at_offset += entry_span(log->store, *ret_size);
			log->at_seq++;
			continue;
		}
		if (error != PW_E_SHORT)
			return error;
		next = log->at_page;
		do {
			if (next == log->head_page)
				return PW_E_CRC;
			next = after(log, next);
			error = page_read(log, next, &page);
		} while (error == PW_E_CRC);
		if (error == PW_OK && page.first_seq > seq)
			return PW_E_CRC;
		if (error == PW_OK) {
			log->at_page = next;
			log->at_offset = up(log->store, PAGE_HEAD);
			log->at_seq = page.first_seq;
		}
	}
	return error;
}

enum pw_error pw_log_read(struct pw_log *log, uint64_t seq, uint8_t *out, size_t cap,
			  size_t *ret_size)
{
	const struct pw_store *store = log->store;
	uint32_t size, crc, offset;
	enum pw_error error;

	if (seq < log->first_seq)
		return PW_E_GONE;
	if (seq >= log->next_seq)
		return PW_E_AHEAD;
	error = place_seek(log, seq, &size, &crc);
	if (error != PW_OK)
		return error;
	if (size > cap)
		return PW_E_SPACE;
	offset = log->at_offset + up(store, ENTRY_HEAD);
	if (store->read(store->ctx, log->at_page, offset, out, size) < 0)
		return PW_E_STORE;
	if (pw_rec_crc(seq, out, size) != crc)
		return PW_E_CRC;
	log->at_offset += entry_span(store, size);
	log->at_seq++;
	*ret_size = size;
	return PW_OK;
}

void pw_log_ack(struct pw_log *log, uint64_t host_id, uint64_t next_seq)
{
	uint32_t i;

	if (host_id == 0 || next_seq > log->next_seq)
		return;
	for (i = 0; i < log->hosts; i++)
		if (log->host[i].host_id == host_id)
			break;
	/* The host heard last stands first, so the last one gives way. */
	if (i == log->hosts) {
		if (log->hosts < PW_LOG_HOSTS)
			log->hosts++;
		i = log->hosts - 1u;
	}
	for (; i > 0; i--)
		log->host[i] = log->host[i - 1u];
	log->host[0].host_id = host_id;
	log->host[0].next_seq = next_seq;
}

uint64_t pw_log_acked(const struct pw_log *log)
{
	uint64_t acked = 0;

	for (uint32_t i = 0; i < log->hosts; i++)
		if (log->host[i].next_seq > acked)
			acked = log->host[i].next_seq;
	return acked;
}
