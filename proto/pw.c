/* SPDX-License-Identifier: MIT */
/* What all parts of the library share: the names of the errors. */
#include "pw.h"

const char *pw_error_name(enum pw_error error)
{
	switch (error) {
	case PW_OK:
		return "no error";
	case PW_E_SHORT:
		return "too short";
	case PW_E_LONG:
		return "too long";
	case PW_E_COBS:
		return "bad framing";
	case PW_E_CRC:
		return "crc mismatch";
	case PW_E_TYPE:
		return "unknown type";
	case PW_E_VALUE:
		return "value out of range";
	case PW_E_SPACE:
		return "no room";
	case PW_E_STORE:
		return "store failed";
	case PW_E_GONE:
		return "record gone";
	case PW_E_AHEAD:
		return "record not there yet";
	}
	return "unknown error";
}
