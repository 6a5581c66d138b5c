/* SPDX-License-Identifier: MIT */
#include "pensim_flash.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define COPY_STEP 4096u

static int flash_read(void *ctx, uint32_t page, uint32_t offset, void *buf, uint32_t len)
{
	const struct pensim_flash *f = ctx;
	const uint8_t *from = f->mem + (size_t)page * f->store.page_size + offset;
	uint8_t *to = buf;

	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)~from[i];
	return 0;
}

static int flash_program(void *ctx, uint32_t page, uint32_t offset, const void *buf, uint32_t len)
{
	struct pensim_flash *f = ctx;
	uint8_t *to = f->mem + (size_t)page * f->store.page_size + offset;
	const uint8_t *from = buf;

	if (f->fail)
		return -EIO;
	f->written[page] = true;
	for (uint32_t i = 0; i < len; i++)
		to[i] = (uint8_t)~from[i];
	return 0;
}

static int flash_erase(void *ctx, uint32_t page)
{
	struct pensim_flash *f = ctx;

	if (f->fail)
		return -EIO;
	if (f->written[page])
		memset(f->mem + (size_t)page * f->store.page_size, 0, f->store.page_size);
	f->written[page] = false;
	return 0;
}

static int flash_map(struct pensim_flash *f, int fd)
{
	int flags = fd >= 0 ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;

	f->written = malloc(f->store.pages);
	if (!f->written)
		return -ENOMEM;
	memset(f->written, fd >= 0 /* a file may hold anything */, f->store.pages);
	f->mem = mmap(NULL, f->size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (f->mem == MAP_FAILED) {
		f->mem = NULL;
		return -errno;
	}
	return 0;
}

int pensim_flash_open(struct pensim_flash *f, uint32_t page_size, uint32_t pages, const char *path)
{
	_cleanup_(closep) int fd = -EBADF;

	*f = (struct pensim_flash){.store = {.ctx = f,
					     .page_size = page_size,
					     .pages = pages,
					     .align = 4,
					     .read = flash_read,
					     .program = flash_program,
					     .erase = flash_erase},
				   .size = (size_t)page_size * pages};
	if (path) {
		struct stat st;

		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
		if (fd < 0 || fstat(fd, &st) < 0)
			return -errno;
		if (st.st_size != 0 && (uint64_t)st.st_size != f->size)
			return -EINVAL; /* another geometry */
		if (ftruncate(fd, (off_t)f->size) < 0)
			return -errno;
	}
	return flash_map(f, fd);
}

void pensim_flash_done(struct pensim_flash *f)
{
	if (f->mem)
		munmap(f->mem, f->size);
	f->mem = NULL;
	free(f->written);
	f->written = NULL;
}

int pensim_flash_copy(struct pensim_flash *to, const struct pensim_flash *from)
{
	int r;

	*to = *from;
	to->store.ctx = to;
	to->mem = NULL;
	r = flash_map(to, -1);
	if (r < 0)
		return r;
	pensim_flash_restore(to, from);
	return 0;
}

void pensim_flash_restore(struct pensim_flash *to, const struct pensim_flash *from)
{
	for (size_t at = 0; at < to->size; at += COPY_STEP) {
		size_t n = MIN(to->size - at, (size_t)COPY_STEP);

		/* Writing only what differs keeps untouched memory untouched. */
		if (memcmp(to->mem + at, from->mem + at, n) != 0)
			memcpy(to->mem + at, from->mem + at, n);
	}
	memcpy(to->written, from->written, to->store.pages);
}
