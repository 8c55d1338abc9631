/* tests/fuzz/fuzz_npz.c - any bytes as a ZIP archive, and any bytes laid over a whole one with a stored and a deflated
** member: a member that comes out has its size, and its bytes lie in the file or are its own */
#include <stdlib.h>
#include <zlib.h>

#include "core/spill.h"
#include "vectors/array_file.h"
#include "vectors/npz.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void try_member(const NpzMember *m, const char *bytes, size_t len) {
  Error err = { "" };
  Span head, all;
  char room[100], *owned;
  if (npz_head(m, room, sizeof room, &head, &err) != 0) MUST(err.text[0] != '\0');
  else MUST(head.len <= sizeof room && head.len <= m->size);
  if (m->size > 1 << 20) return;
  err.text[0] = '\0';
  if (npz_unpack(m, &all, &owned, &err) != 0) {
    MUST(err.text[0] != '\0' && owned == NULL);
    return;
  }
  MUST(all.len == m->size);
  MUST(owned == all.ptr || (all.ptr >= bytes && all.len <= len - (size_t)(all.ptr - bytes)));
  spill_free(owned);
}

static void read_file(const char *bytes, size_t len) {
  Npz z;
  Error err = { "" };
  if (npz_read(&z, span_of(bytes, len), &err) != 0) MUST(err.text[0] != '\0' && z.member == NULL);
  else {
    for (size_t i = 0; i < z.n && i < 32; i++) try_member(&z.member[i], bytes, len);
    npz_free(&z);
  }
}

typedef struct Whole { char at[1024]; size_t len; } Whole;

static void put(Whole *w, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) w->at[w->len++] = (char)(v >> 8 * i & 0xFF);
}
static void put_text(Whole *w, const char *text, size_t len) {
  memcpy(w->at + w->len, text, len);
  w->len += len;
}

/* a.npy stored, b.npy deflated (a block of stored bytes), with the sizes of ZIP64. */
static void make(Whole *w) {
  static const char text[] = "sixteen bytes of";
  uint64_t crc = crc32(0, (const Bytef *)text, 16), at[2], directory, end64;
  w->len = 0;
  for (int i = 0; i < 2; i++) {
    at[i] = w->len;
    put(w, 0x04034B50, 4), put(w, 20, 4), put(w, i * 8, 2), put(w, 0, 8), put(w, 0, 8), put(w, 5, 2), put(w, 0, 2);
    put_text(w, i == 0 ? "a.npy" : "b.npy", 5);
    if (i == 1) put(w, 1, 1), put(w, 16, 2), put(w, 0xFFFF - 16, 2);
    put_text(w, text, 16);
  }
  directory = w->len;
  for (int i = 0; i < 2; i++) {
    put(w, 0x02014B50, 4), put(w, 45, 2), put(w, 45, 2), put(w, 0, 2), put(w, i * 8, 2), put(w, 0, 4), put(w, crc, 4);
    put(w, 0xFFFFFFFF, 4), put(w, 0xFFFFFFFF, 4), put(w, 5, 2), put(w, 28, 2), put(w, 0, 2), put(w, 0, 8);
    put(w, 0xFFFFFFFF, 4), put_text(w, i == 0 ? "a.npy" : "b.npy", 5);
    put(w, 1, 2), put(w, 24, 2), put(w, 16, 8), put(w, i == 0 ? 16 : 21, 8), put(w, at[i], 8);
  }
  end64 = w->len;
  put(w, 0x06064B50, 4), put(w, 44, 8), put(w, 45, 4), put(w, 0, 8), put(w, 2, 8), put(w, 2, 8);
  put(w, end64 - directory, 8), put(w, directory, 8);
  put(w, 0x07064B50, 4), put(w, 0, 4), put(w, end64, 8), put(w, 1, 4);
  put(w, 0x06054B50, 4), put(w, 0, 4), put(w, 2, 2), put(w, 2, 2), put(w, 0xFFFFFFFF, 4), put(w, 0xFFFFFFFF, 4);
  put(w, 0, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len + 1);
  Whole w;
  MUST(copy != NULL);
  if (len > 0) memcpy(copy, data, len);
  read_file(copy, len);
  free(copy);
  make(&w);
  for (size_t i = 0; i + 2 < len; i += 3) w.at[(data[i] << 8 | data[i + 1]) % w.len] = (char)data[i + 2];
  MUST((copy = malloc(w.len)) != NULL);
  memcpy(copy, w.at, w.len);
  read_file(copy, w.len);
  if (len == 0) {                    /* laid over with nothing it must be whole */
    Npz z;
    MUST(npz_read(&z, span_of(copy, w.len), NULL) == 0 && z.n == 2);
    for (size_t i = 0; i < 2; i++) {
      Span all;
      char *owned;
      MUST(npz_unpack(&z.member[i], &all, &owned, NULL) == 0 && memcmp(all.ptr, "sixteen bytes of", 16) == 0);
      spill_free(owned);
    }
    npz_free(&z);
  }
  free(copy);
  return 0;
}
