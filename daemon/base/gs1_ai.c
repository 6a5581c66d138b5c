/* SPDX-License-Identifier: MIT */
#include "gs1_ai.h"

#define CHECKED	 .flags = AI_CHECKED
#define DATE	 .flags = AI_DATE
#define OPEN_DAY .flags = AI_DATE | AI_OPEN_DAY
/* clang-format off: a table is read by its columns */
#define DIGITS(ai_, title_, n, ...)                                                                \
	{                                                                                          \
		.ai = ai_, .title = title_, .digits = n, __VA_ARGS__                               \
	}
#define NUMBER(ai_, title_, max)                                                                   \
	{                                                                                          \
		.ai = ai_, .title = title_, .more = max, .least = 1                                \
	}
#define TEXT(ai_, title_, max)                                                                     \
	{                                                                                          \
		.ai = ai_, .title = title_, .more = max, .least = 1, .text = true                  \
	}
#define BOTH(ai_, title_, n, max, ...)                                                             \
	{                                                                                          \
		.ai = ai_, .title = title_, .digits = n, .more = max, .text = true, __VA_ARGS__    \
	}
#define BOTH_DIGITS(ai_, title_, n, max, ...)                                                      \
	{                                                                                          \
		.ai = ai_, .title = title_, .digits = n, .more = max, __VA_ARGS__                  \
	}

/* GS1 General Specifications, section 3.2. */
static const struct gs1_ai table[] = {
	DIGITS("00", "SSCC", 18, CHECKED),
	DIGITS("01", "GTIN", 14, CHECKED),
	DIGITS("02", "CONTENT", 14, CHECKED),
	DIGITS("03", "MTO GTIN", 14, CHECKED),
	TEXT("10", "BATCH/LOT", 20),
	DIGITS("11", "PROD DATE", 6, OPEN_DAY),
	DIGITS("12", "DUE DATE", 6, OPEN_DAY),
	DIGITS("13", "PACK DATE", 6, OPEN_DAY),
	DIGITS("15", "BEST BEFORE", 6, OPEN_DAY),
	DIGITS("16", "SELL BY", 6, OPEN_DAY),
	DIGITS("17", "EXPIRY", 6, OPEN_DAY),
	DIGITS("20", "VARIANT", 2),
	TEXT("21", "SERIAL", 20),
	TEXT("22", "CPV", 20),
	TEXT("235", "TPX", 28),
	TEXT("240", "ADDITIONAL ID", 30),
	TEXT("241", "CUST. PART No.", 30),
	NUMBER("242", "MTO VARIANT", 6),
	TEXT("243", "PCN", 20),
	TEXT("250", "SECONDARY SERIAL", 30),
	TEXT("251", "REF. TO SOURCE", 30),
	BOTH("253", "GDTI", 13, 17, CHECKED),
	TEXT("254", "GLN EXTENSION COMPONENT", 20),
	BOTH_DIGITS("255", "GCN", 13, 12, CHECKED),
	NUMBER("30", "VAR. COUNT", 8),
	DIGITS("31nn", "measure", 6),
	DIGITS("32nn", "measure", 6),
	DIGITS("33nn", "measure", 6),
	DIGITS("34nn", "measure", 6),
	DIGITS("35nn", "measure", 6),
	DIGITS("36nn", "measure", 6),
	NUMBER("37", "COUNT", 8),
	NUMBER("390n", "AMOUNT", 15),
	BOTH_DIGITS("391n", "AMOUNT", 3, 15, .least = 1),
	NUMBER("392n", "PRICE", 15),
	BOTH_DIGITS("393n", "PRICE", 3, 15, .least = 1),
	DIGITS("394n", "PRCNT OFF", 4),
	DIGITS("395n", "PRICE/UoM", 6),
	TEXT("400", "ORDER NUMBER", 30),
	TEXT("401", "GINC", 30),
	DIGITS("402", "GSIN", 17, CHECKED),
	TEXT("403", "ROUTE", 30),
	DIGITS("41n", "GLN", 13, CHECKED),
	TEXT("420", "SHIP TO POST", 20),
	BOTH("421", "SHIP TO POST", 3, 9, .least = 1),
	DIGITS("422", "ORIGIN", 3),
	BOTH_DIGITS("423", "COUNTRY - INITIAL PROCESS", 3, 12),
	DIGITS("424", "COUNTRY - PROCESS", 3),
	BOTH_DIGITS("425", "COUNTRY - DISASSEMBLY", 3, 12),
	DIGITS("426", "COUNTRY - FULL PROCESS", 3),
	TEXT("427", "ORIGIN SUBDIVISION", 3),
	DIGITS("7001", "NSN", 13),
	TEXT("7002", "MEAT CUT", 30),
	DIGITS("7003", "EXPIRY TIME", 10, DATE),
	NUMBER("7004", "ACTIVE POTENCY", 4),
	TEXT("7005", "CATCH AREA", 12),
	DIGITS("7006", "FIRST FREEZE DATE", 6, DATE),
	BOTH_DIGITS("7007", "HARVEST DATE", 6, 6, DATE),
	TEXT("7008", "AQUATIC SPECIES", 3),
	TEXT("7009", "FISHING GEAR TYPE", 10),
	TEXT("7010", "PROD METHOD", 2),
	BOTH_DIGITS("7011", "TEST BY DATE", 6, 4, DATE),
	TEXT("7020", "REFURB LOT", 20),
	TEXT("7021", "FUNC STAT", 20),
	TEXT("7022", "REV STAT", 20),
	TEXT("7023", "GIAI - ASSEMBLY", 30),
	BOTH("703n", "PROCESSOR", 3, 27, .least = 1),
	BOTH("7040", "UIC+EXT", 1, 3, .least = 3),
	TEXT("71n", "NHRN", 20),
	TEXT("723n", "CERT", 30),
	TEXT("7240", "PROTOCOL", 20),
	DIGITS("8001", "DIMENSIONS", 14),
	TEXT("8002", "CMT No.", 20),
	BOTH("8003", "GRAI", 14, 16, CHECKED),
	TEXT("8004", "GIAI", 30),
	DIGITS("8005", "PRICE PER UNIT", 6),
	DIGITS("8006", "ITIP", 18),
	TEXT("8007", "IBAN", 34),
	BOTH_DIGITS("8008", "PROD TIME", 8, 4, DATE),
	TEXT("8009", "OPTSEN", 50),
	TEXT("8010", "CPID", 30),
	NUMBER("8011", "CPID SERIAL", 12),
	TEXT("8012", "VERSION", 20),
	TEXT("8013", "GMN", 25),
	DIGITS("8017", "GSRN - PROVIDER", 18, CHECKED),
	DIGITS("8018", "GSRN - RECIPIENT", 18, CHECKED),
	NUMBER("8019", "SRIN", 10),
	TEXT("8020", "REF No.", 25),
	DIGITS("8026", "ITIP CONTENT", 18),
	TEXT("8110", "coupon", 70),
	DIGITS("8111", "POINTS", 4),
	TEXT("8112", "coupon", 70),
	TEXT("8200", "PRODUCT URL", 70),
	TEXT("90", "INTERNAL", 30),
	TEXT("9n", "INTERNAL", 90),
};
/* clang-format on */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool matches(const char *pattern, const char *text, size_t len)
{
	for (; *pattern; pattern++, text++, len--)
		if (len == 0 || !is_digit(*text) || (*pattern != 'n' && *pattern != *text))
			return false;
	return true;
}

const struct gs1_ai *gs1_ai_find(const char *text, size_t len)
{
	/* In order: 90 stands before 9n. */
	for (size_t i = 0; i < ELEMENTSOF(table); i++)
		if (matches(table[i].ai, text, len))
			return &table[i];
	return NULL;
}

size_t gs1_ai_digits(const char *text, size_t len)
{
	static const char *const three[] = {"23", "24", "25", "40", "41", "42", "71"};
	static const char *const four[] = {"31", "32", "33", "34", "35", "36", "39",
					   "43", "70", "72", "80", "81", "82"};

	size_t n = 2;

	if (len < 2 || !is_digit(text[0]) || !is_digit(text[1]))
		return 0;
	for (size_t i = 0; i < ELEMENTSOF(three); i++)
		if (memcmp(text, three[i], 2) == 0)
			n = 3;
	for (size_t i = 0; i < ELEMENTSOF(four); i++)
		if (memcmp(text, four[i], 2) == 0)
			n = 4;
	for (size_t i = 2; i < n; i++)
		if (i == len || !is_digit(text[i]))
			return 0;
	return n;
}

size_t gs1_ai_fixed(const char *text)
{
	/* The table of predefined lengths (section 7.8.5), by the first two digits. */
	static const struct {
		char begin[3], end[3];
		uint8_t len;
	} fixed[] = {
		{"00", "00", 20}, {"01", "03", 16}, {"04", "04", 18}, {"11", "19", 8},
		{"20", "20", 4},  {"31", "36", 10}, {"41", "41", 16},
	};

	for (size_t i = 0; i < ELEMENTSOF(fixed); i++)
		if (memcmp(text, fixed[i].begin, 2) >= 0 && memcmp(text, fixed[i].end, 2) <= 0)
			return fixed[i].len;
	return 0;
}
