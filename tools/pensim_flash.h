/* SPDX-License-Identifier: MIT */
/*
 * The simulated pen's flash: memory, or a file that outlives the simulator.
 *
 * Bytes are kept inverted, so erased flash is zeros and costs nothing until it is written, in
 * memory as in a (sparse) file.
 */
#ifndef TOOLS_PENSIM_FLASH_H
#define TOOLS_PENSIM_FLASH_H

#include "base/util.h"
#include "pw_log.h"

struct pensim_flash {
	struct pw_store store; /* ctx is the struct itself: do not move it */
	uint8_t *mem;
	bool *written; /* of each page: so that erasing an erased one costs nothing */
	size_t size;
	bool fail; /* programs and erases fail */
};

/* @path NULL: memory. -ENOMEM, or why the file cannot be used. */
int pensim_flash_open(struct pensim_flash *f, uint32_t page_size, uint32_t pages, const char *path);
void pensim_flash_done(struct pensim_flash *f);
/* A copy in memory; what was never written is not copied. -ENOMEM. */
int pensim_flash_copy(struct pensim_flash *to, const struct pensim_flash *from);
/* Makes @to hold what @from holds; both of one geometry. */
void pensim_flash_restore(struct pensim_flash *to, const struct pensim_flash *from);

#endif
