/* tests/test_hash.c - digests against the published vectors. */
#include "check.h"
#include "hash/hash.h"

#include <stdlib.h>
#include <unistd.h>

static void sha256_gives_the_vectors_of_fips_180(void) {
  char hex[SHA256_HEX];
  CHECK(sha256_hex(span_str("abc"), hex) == 0);
  CHECK(strcmp(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad") == 0);
  CHECK(sha256_hex(span_str(""), hex) == 0);
  CHECK(strcmp(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855") == 0);
}

static void a_hasher_can_be_used_again(void) {
  char hex[SHA256_HEX];
  Sha256 *h = sha256_new();
  CHECK(h != NULL);
  for (int i = 0; i < 2; i++) {
    CHECK(sha256_begin(h) == 0 && sha256_add(h, "a", 1) == 0 && sha256_add(h, "bc", 2) == 0);
    CHECK(sha256_end(h, hex) == 0);
    CHECK(strncmp(hex, "ba7816bf", 8) == 0);
  }
  sha256_free(h);
}

static void xxh3_is_the_published_empty_digest(void) {
  char hex[XXH3_HEX];
  hash_xxh3_128_hex(span_str(""), hex);
  CHECK(strcmp(hex, "99aa06d3014798d86001c324468d497f") == 0);
  CHECK(hash_xxh3(span_str("")) == UINT64_C(0x2D06800538D394C2));
}

static void a_file_hashes_like_its_bytes(void) {
  char path[] = "/tmp/tamis_hash_XXXXXX", hex[SHA256_HEX], want[SHA256_HEX];
  int fd = mkstemp(path);
  CHECK(fd >= 0);
  char block[1000];
  memset(block, 'q', sizeof block);
  for (int i = 0; i < 600; i++) CHECK(write(fd, block, sizeof block) == sizeof block);
  close(fd);
  uint64_t bytes = 0;
  Error err = { "" };
  CHECK(sha256_file(path, hex, &bytes, &err) == 0);
  CHECK(bytes == 600000);
  char *all = malloc(600000);
  memset(all, 'q', 600000);
  CHECK(sha256_hex(span_of(all, 600000), want) == 0);
  CHECK(strcmp(hex, want) == 0);
  free(all);
  unlink(path);
  CHECK(sha256_file(path, hex, &bytes, &err) != 0);
  CHECK(strstr(err.text, "cannot open") != NULL);
}

int main(void) {
  RUN(sha256_gives_the_vectors_of_fips_180);
  RUN(a_hasher_can_be_used_again);
  RUN(xxh3_is_the_published_empty_digest);
  RUN(a_file_hashes_like_its_bytes);
  return check_done();
}
