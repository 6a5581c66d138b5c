/* SPDX-License-Identifier: MIT */
#include <sodium.h>

#include "chain/chain.h"

#define PIECE_BYTES (256 * 1024)

int chain_file_digest(int fd, uint8_t ret[CHAIN_HASH_SIZE])
{
	_cleanup_(freep) uint8_t *piece = malloc(PIECE_BYTES);
	crypto_generichash_state state;
	off_t at = 0;
	ssize_t n;

	if (!piece)
		return -ENOMEM;
	crypto_generichash_init(&state, NULL, 0, CHAIN_HASH_SIZE);
	while ((n = pread(fd, piece, PIECE_BYTES, at)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		crypto_generichash_update(&state, piece, (unsigned long long)n);
		at += n;
	}
	crypto_generichash_final(&state, ret, CHAIN_HASH_SIZE);
	return 0;
}
