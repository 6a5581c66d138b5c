/* SPDX-License-Identifier: MIT */
/*
 * Byte tables: where each field of a message or record lies on the wire and in its struct. Private
 * to the library.
 *
 * The tables say once what README.md says in its byte tables, for both directions; as data they
 * take a third of the flash that the same accesses take as code on a small CPU.
 */
#ifndef PW_FIELDS_H
#define PW_FIELDS_H

#include "pw.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PW_FIELD_BYTES 0x80u /* in @size: bytes as they are, not an integer */

struct pw_field {
	uint8_t at;	/* offset on the wire */
	uint8_t size;	/* 1, 2, 4, 8, or a number of bytes with PW_FIELD_BYTES */
	uint16_t place; /* offset in the struct */
};

#define PW_FIELD_SIZE(type, member) sizeof(((struct type *)0)->member)
#define PW_INT(type, wire, member)                                                                 \
	{                                                                                          \
		(wire), (uint8_t)PW_FIELD_SIZE(type, member), offsetof(struct type, member)        \
	}
#define PW_BYTES(type, wire, member)                                                               \
	{                                                                                          \
		(wire), (uint8_t)(PW_FIELD_SIZE(type, member) | PW_FIELD_BYTES),                   \
			offsetof(struct type, member)                                              \
	}

/* The layout of one type. Wire bytes below @size that no field covers are reserved: zero when sent,
 * ignored when received. */
struct pw_layout {
	uint8_t type;
	uint8_t size;  /* the known part */
	uint8_t count; /* of @fields */
	const struct pw_field *fields;
};

#define PW_LAYOUT(type, size, fields)                                                              \
	{                                                                                          \
		(type), (size), sizeof(fields) / sizeof((fields)[0]), (fields)                     \
	}

/* The layout of @type among @count, NULL if there is none. */
const struct pw_layout *pw_layout_find(const struct pw_layout *layouts, size_t count, uint8_t type);

/* Reads all fields from @wire (layout->size bytes) into the struct at @to. */
void pw_layout_get(const struct pw_layout *layout, const uint8_t *wire, void *to);

/* Writes layout->size bytes to @wire. */
void pw_layout_put(const struct pw_layout *layout, const void *from, uint8_t *wire);

#ifdef __cplusplus
}
#endif

#endif
