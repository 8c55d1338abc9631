/* modules/hash/hash.c - see hash.h */
#include "hash/hash.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <xxhash.h>

struct Sha256 {
  EVP_MD *md;
  EVP_MD_CTX *ctx;
};

Sha256 *sha256_new(void) {
  Sha256 *h = calloc(1, sizeof *h);
  if (h == NULL) return NULL;
  h->md = EVP_MD_fetch(NULL, "SHA256", NULL);
  h->ctx = EVP_MD_CTX_new();
  if (h->md == NULL || h->ctx == NULL) {
    sha256_free(h);
    return NULL;
  }
  return h;
}

void sha256_free(Sha256 *h) {
  if (h == NULL) return;
  EVP_MD_CTX_free(h->ctx);
  EVP_MD_free(h->md);
  free(h);
}

int sha256_begin(Sha256 *h) { return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1 ? 0 : -1; }

int sha256_add(Sha256 *h, const void *bytes, size_t len) {
  return EVP_DigestUpdate(h->ctx, bytes, len) == 1 ? 0 : -1;
}

int sha256_end(Sha256 *h, char hex[SHA256_HEX]) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned n = 0;
  hex[0] = '\0';
  if (EVP_DigestFinal_ex(h->ctx, digest, &n) != 1 || n != 32) return -1;
  for (unsigned i = 0; i < n; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
  return 0;
}

int sha256_hex(Span text, char hex[SHA256_HEX]) {
  Sha256 *h = sha256_new();
  if (h == NULL) return -1;
  int r = sha256_begin(h) != 0 || sha256_add(h, text.ptr, text.len) != 0 ||
          sha256_end(h, hex) != 0 ? -1 : 0;
  sha256_free(h);
  return r;
}

static int hash_fd(int fd, Sha256 *h, char *block, size_t size, uint64_t *total) {
  for (;;) {
    ssize_t n = read(fd, block, size);
    if (n == 0) return 0;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 || sha256_add(h, block, (size_t)n) != 0) return -1;
    *total += (uint64_t)n;
  }
}

int sha256_file(const char *path, char hex[SHA256_HEX], uint64_t *bytes, Error *err) {
  enum { BLOCK = 1 << 18 };
  uint64_t total = 0;
  int result = -1;
  hex[0] = '\0';
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return error_errno(err, "cannot open %s", path);
  Sha256 *h = sha256_new();
  char *block = malloc(BLOCK);
  if (h == NULL || block == NULL || sha256_begin(h) != 0)
    error_memory(err);
  else if (hash_fd(fd, h, block, BLOCK, &total) != 0)
    error_errno(err, "cannot read %s", path);
  else if (sha256_end(h, hex) == 0)
    result = 0;
  free(block);
  sha256_free(h);
  close(fd);
  if (bytes != NULL) *bytes = total;
  return result;
}

uint64_t hash_xxh3(Span text) { return XXH3_64bits(text.ptr, text.len); }

void hash_xxh3_128_hex(Span text, char hex[XXH3_HEX]) {
  XXH128_hash_t x = XXH3_128bits(text.ptr, text.len);
  snprintf(hex, XXH3_HEX, "%016" PRIx64 "%016" PRIx64, x.high64, x.low64);
}
