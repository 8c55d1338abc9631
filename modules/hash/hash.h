/* modules/hash/hash.h - hashes that are the same on every machine: SHA-256 (what others can
** check) and XXH3 (fast; for identity and grouping, no defence against an adversary). */
#ifndef TAMIS_HASH_H
#define TAMIS_HASH_H

#include "core/error.h"
#include "core/span.h"

enum { SHA256_HEX = 65, XXH3_HEX = 33 };   /* bytes of a hex digest with its NUL */

/* A SHA-256 hasher: the algorithm looked up once, one context reused. One thread at a time. */
typedef struct Sha256 Sha256;
Sha256 *sha256_new(void);             /* NULL if out of memory */
void sha256_free(Sha256 *h);          /* NULL is left alone */
/* Each returns 0, or -1 (out of memory, or libcrypto refused). */
int sha256_begin(Sha256 *h);
int sha256_add(Sha256 *h, const void *bytes, size_t len);
int sha256_end(Sha256 *h, char hex[SHA256_HEX]);

int sha256_hex(Span text, char hex[SHA256_HEX]);   /* one text; 0 or -1 */
/* A file's bytes, read in blocks. 0; -1 with err worded. bytes may be NULL. */
int sha256_file(const char *path, char hex[SHA256_HEX], uint64_t *bytes, Error *err);

uint64_t hash_xxh3(Span text);                     /* XXH3-64, seed 0 */
void hash_xxh3_128_hex(Span text, char hex[XXH3_HEX]);   /* canonical (big-endian) */

#endif
