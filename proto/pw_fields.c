/* SPDX-License-Identifier: MIT */
/* Byte tables: fields between the wire and structs. */
#include "pw_fields.h"
#include "pw_mem.h"

const struct pw_layout *pw_layout_find(const struct pw_layout *layouts, size_t count, uint8_t type)
{
	for (size_t i = 0; i < count; i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

void pw_layout_get(const struct pw_layout *layout, const uint8_t *wire, void *to)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct pw_field *f = &layout->fields[i];
		uint8_t *place = (uint8_t *)to + f->place;
		const uint8_t *p = wire + f->at;

		switch (f->size) {
		case 1:
			*place = *p;
			break;
		case 2:
			*(uint16_t *)(void *)place = pw_get16(p);
			break;
		case 4:
			*(uint32_t *)(void *)place = pw_get32(p);
			break;
		case 8:
			*(uint64_t *)(void *)place = pw_get64(p);
			break;
		default:
			memcpy(place, p, f->size & ~PW_FIELD_BYTES);
		}
	}
}

void pw_layout_put(const struct pw_layout *layout, const void *from, uint8_t *wire)
{
	memset(wire, 0, layout->size);
	for (size_t i = 0; i < layout->count; i++) {
		const struct pw_field *f = &layout->fields[i];
		const uint8_t *place = (const uint8_t *)from + f->place;
		uint8_t *p = wire + f->at;

		switch (f->size) {
		case 1:
			*p = *place;
			break;
		case 2:
			pw_put16(p, *(const uint16_t *)(const void *)place);
			break;
		case 4:
			pw_put32(p, *(const uint32_t *)(const void *)place);
			break;
		case 8:
			pw_put64(p, *(const uint64_t *)(const void *)place);
			break;
		default:
			memcpy(p, place, f->size & ~PW_FIELD_BYTES);
		}
	}
}
