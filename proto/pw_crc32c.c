/* SPDX-License-Identifier: MIT */
/* CRC-32C: a nibble at a time in a small build, else eight bytes at a time, by the CPU's
 * instruction where it has one. */
#include "pw.h"
#include "pw_mem.h"

#ifdef PW_SMALL

uint32_t pw_crc32c(uint32_t crc, const void *data, size_t len)
{
	static const uint32_t nibble[16] = {
		0x00000000u, 0x105ec76fu, 0x20bd8edeu, 0x30e349b1u, 0x417b1dbcu, 0x5125dad3u,
		0x61c69362u, 0x7198540du, 0x82f63b78u, 0x92a8fc17u, 0xa24bb5a6u, 0xb21572c9u,
		0xc38d26c4u, 0xd3d3e1abu, 0xe330a81au, 0xf36e6f75u,
	};
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

#else

/*
 * Slicing by eight: table[s][i] is the CRC of byte i followed by s zero bytes. A CRC without its
 * two inversions is linear, so entry i is the XOR of the entries of its set bits, and only those
 * eight have to be written down for each table.
 */
#define BIT(i, b, value) (((i) >> (b)&1u) * (value))
#define ENTRY(i, b0, b1, b2, b3, b4, b5, b6, b7)                                                   \
	(BIT(i, 0, b0) ^ BIT(i, 1, b1) ^ BIT(i, 2, b2) ^ BIT(i, 3, b3) ^ BIT(i, 4, b4) ^           \
	 BIT(i, 5, b5) ^ BIT(i, 6, b6) ^ BIT(i, 7, b7))
#define ENTRY0(i)                                                                                  \
	ENTRY(i, 0xf26b8303u, 0xe13b70f7u, 0xc79a971fu, 0x8ad958cfu, 0x105ec76fu, 0x20bd8edeu,     \
	      0x417b1dbcu, 0x82f63b78u)
#define ENTRY1(i)                                                                                  \
	ENTRY(i, 0x13a29877u, 0x274530eeu, 0x4e8a61dcu, 0x9d14c3b8u, 0x3fc5f181u, 0x7f8be302u,     \
	      0xff17c604u, 0xfbc3faf9u)
#define ENTRY2(i)                                                                                  \
	ENTRY(i, 0xa541927eu, 0x4f6f520du, 0x9edea41au, 0x38513ec5u, 0x70a27d8au, 0xe144fb14u,     \
	      0xc76580d9u, 0x8b277743u)
#define ENTRY3(i)                                                                                  \
	ENTRY(i, 0xdd45aab8u, 0xbf672381u, 0x7b2231f3u, 0xf64463e6u, 0xe964b13du, 0xd725148bu,     \
	      0xaba65fe7u, 0x52a0c93fu)
#define ENTRY4(i)                                                                                  \
	ENTRY(i, 0x38116facu, 0x7022df58u, 0xe045beb0u, 0xc5670b91u, 0x8f2261d3u, 0x1ba8b557u,     \
	      0x37516aaeu, 0x6ea2d55cu)
#define ENTRY5(i)                                                                                  \
	ENTRY(i, 0xef306b19u, 0xdb8ca0c3u, 0xb2f53777u, 0x6006181fu, 0xc00c303eu, 0x85f4168du,     \
	      0x0e045bebu, 0x1c08b7d6u)
#define ENTRY6(i)                                                                                  \
	ENTRY(i, 0x68032cc8u, 0xd0065990u, 0xa5e0c5d1u, 0x4e2dfd53u, 0x9c5bfaa6u, 0x3d5b83bdu,     \
	      0x7ab7077au, 0xf56e0ef4u)
#define ENTRY7(i)                                                                                  \
	ENTRY(i, 0x493c7d27u, 0x9278fa4eu, 0x211d826du, 0x423b04dau, 0x847609b4u, 0x0d006599u,     \
	      0x1a00cb32u, 0x34019664u)
#define ROW4(entry, i) entry(i), entry((i) + 1), entry((i) + 2), entry((i) + 3)
#define ROW16(entry, i)                                                                            \
	ROW4(entry, i), ROW4(entry, (i) + 4), ROW4(entry, (i) + 8), ROW4(entry, (i) + 12)
#define ROW64(entry, i)                                                                            \
	ROW16(entry, i), ROW16(entry, (i) + 16), ROW16(entry, (i) + 32), ROW16(entry, (i) + 48)
#define ROW256(entry)                                                                              \
	{                                                                                          \
		ROW64(entry, 0u), ROW64(entry, 64u), ROW64(entry, 128u), ROW64(entry, 192u)        \
	}

static const uint32_t table[8][256] = {
	ROW256(ENTRY0), ROW256(ENTRY1), ROW256(ENTRY2), ROW256(ENTRY3),
	ROW256(ENTRY4), ROW256(ENTRY5), ROW256(ENTRY6), ROW256(ENTRY7),
};

static uint32_t crc_sliced(uint32_t crc, const uint8_t *p, size_t len)
{
	for (; len >= 8; p += 8, len -= 8) {
		uint32_t low = crc ^ pw_get32(p), high = pw_get32(p + 4);

		crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^
		      table[4][low >> 24] ^ table[3][high & 255] ^ table[2][high >> 8 & 255] ^
		      table[1][high >> 16 & 255] ^ table[0][high >> 24];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
	return crc;
}

#if defined(__x86_64__) && __STDC_HOSTED__

__attribute__((target("sse4.2"))) static uint32_t crc_instruction(uint32_t crc, const uint8_t *p,
								  size_t len)
{
	uint64_t wide = crc;

	for (; len >= 8; p += 8, len -= 8)
		wide = __builtin_ia32_crc32di(wide, pw_get64(p));
	crc = (uint32_t)wide;
	for (; len > 0; p++, len--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return crc;
}

uint32_t pw_crc32c(uint32_t crc, const void *data, size_t len)
{
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_instruction(~crc, data, len);
	return ~crc_sliced(~crc, data, len);
}

#else

uint32_t pw_crc32c(uint32_t crc, const void *data, size_t len)
{
	return ~crc_sliced(~crc, data, len);
}

#endif
#endif
