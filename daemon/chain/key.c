/* SPDX-License-Identifier: MIT */
/* The signing key: one text file that says what it is, so that nobody deletes it for rubbish. */
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "chain/chain.h"

#define SEED_SIZE 32u
static const char file_head[] =
	"stipple signing key 1\n"
	"# Signs the record. Without it the database is not opened: back it up apart from it.\n";

struct chain_key *chain_key_free(struct chain_key *key)
{
	if (key)
		sodium_free(key); /* wipes */
	return NULL;
}

static void name_key(struct chain_key *key)
{
	uint8_t hash[CHAIN_HASH_SIZE];

	crypto_generichash(hash, sizeof(hash), key->public_key, sizeof(key->public_key), NULL, 0);
	chain_hex(hash, (CHAIN_KEY_ID_SIZE - 1) / 2, key->id);
}

static struct chain_key *key_from_seed(const uint8_t seed[SEED_SIZE])
{
	struct chain_key *key = sodium_malloc(sizeof(*key));

	if (!key)
		return NULL;
	crypto_sign_seed_keypair(key->public_key, key->secret_key, seed);
	name_key(key);
	return key;
}

struct chain_key *chain_key_public(const uint8_t public_key[32])
{
	struct chain_key *key;

	if (sodium_init() < 0)
		return NULL;
	key = sodium_malloc(sizeof(*key));
	if (!key)
		return NULL;
	memcpy(key->public_key, public_key, sizeof(key->public_key));
	memset(key->secret_key, 0, sizeof(key->secret_key));
	name_key(key);
	return key;
}

struct chain_key *chain_key_new(void)
{
	uint8_t seed[SEED_SIZE];
	struct chain_key *key;

	if (sodium_init() < 0)
		return NULL;
	randombytes_buf(seed, sizeof(seed));
	key = key_from_seed(seed);
	sodium_memzero(seed, sizeof(seed));
	return key;
}

int chain_sync_directory(const char *path)
{
	_cleanup_(freep) char *dir = strdup(path);
	_cleanup_(closep) int fd = -EBADF;
	char *slash;

	if (!dir)
		return -ENOMEM;
	slash = strrchr(dir, '/');
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* some file systems cannot sync a directory and need not */
	return fsync(fd) < 0 && errno != EINVAL ? -errno : 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

int chain_key_save(const struct chain_key *key, const char *path)
{
	_cleanup_(closep) int fd = -EBADF;
	char text[sizeof(file_head) + 2 * SEED_SIZE + 1];
	uint8_t seed[SEED_SIZE];
	size_t len;
	int r;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	crypto_sign_ed25519_sk_to_seed(seed, key->secret_key);
	strcpy(text, file_head);
	chain_hex(seed, sizeof(seed), text + strlen(text));
	strcat(text, "\n");
	len = strlen(text);
	r = write_all(fd, text, len);
	sodium_memzero(seed, sizeof(seed));
	sodium_memzero(text, sizeof(text));
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0)
		r = chain_sync_directory(path);
	if (r < 0)
		unlink(path);
	return r;
}

int chain_key_load(struct chain_key **ret, const char *path)
{
	_cleanup_(closep) int fd = -EBADF;
	char text[sizeof(file_head) + 2 * SEED_SIZE + 2] = "";
	uint8_t seed[SEED_SIZE];
	struct chain_key *key = NULL;
	struct stat st;
	ssize_t n;
	int r = -EBADMSG;

	if (sodium_init() < 0)
		return -EIO;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_mode & 077)
		return -EPERM;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	if (strncmp(text, file_head, strlen(file_head)) == 0 && n > 0 && text[n - 1] == '\n') {
		text[n - 1] = '\0';
		r = chain_unhex(text + strlen(file_head), seed, sizeof(seed));
		r = r < 0 ? -EBADMSG : 0;
	}
	sodium_memzero(text, sizeof(text));
	if (r < 0)
		return r;
	key = key_from_seed(seed);
	sodium_memzero(seed, sizeof(seed));
	if (!key)
		return -ENOMEM;
	*ret = key;
	return 0;
}
