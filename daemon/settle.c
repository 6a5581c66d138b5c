/* SPDX-License-Identifier: MIT */
#include "settle.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>

#include "base/limits.h"
#include "base/util.h"

#define SETTLED_US USEC_PER_SEC /* after the start, the first look for warnings included */

/* Whether the dynamic linker wrote into @object's code: pages that are in no file. */
static bool relocates_text(const struct dl_phdr_info *object)
{
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		const ElfW(Dyn) *d = (const ElfW(Dyn) *)(object->dlpi_addr + p->p_vaddr);

		for (; p->p_type == PT_DYNAMIC && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL ||
			    (d->d_tag == DT_FLAGS && (d->d_un.d_val & DF_TEXTREL)))
				return true;
	}
	return false;
}

/* The parts of @object that nobody writes to, so that the file has all of them. */
static int release_object(struct dl_phdr_info *object, size_t size, void *ctx)
{
	const ElfW(Addr) page = *(const ElfW(Addr) *)ctx;

	(void)size;
	if (relocates_text(object))
		return 0;
	for (size_t i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];
		ElfW(Addr) from = (object->dlpi_addr + p->p_vaddr) & ~(page - 1);
		ElfW(Addr) to = object->dlpi_addr + p->p_vaddr + p->p_memsz;

		if (p->p_type == PT_LOAD && !(p->p_flags & PF_W))
			(void)madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return 0;
}

static int on_settled(sd_event_source *source, uint64_t us, void *ctx)
{
	ElfW(Addr) page = (ElfW(Addr))sysconf(_SC_PAGESIZE);

	(void)source;
	(void)us;
	(void)ctx;
	malloc_trim(0);
	(void)dl_iterate_phdr(release_object, &page);
	return 0;
}

int settle_later(sd_event *event)
{
	int r = sd_event_add_time_relative(event, NULL, CLOCK_MONOTONIC, SETTLED_US, SETTLED_US,
					   on_settled, NULL);

	return r < 0 ? r : 0;
}
