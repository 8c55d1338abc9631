/* tests/fuzz/fuzz_wordpiece.c - any bytes as a tokenizer.json, and any bytes as a text. The first byte says which: the
** bytes as they are, the rest laid over a whole file (pairs of a place and a byte), or a text for that file. Both paths
** cut a text into the same pieces, also from memory, also in parts; a static model of them is a finite vector. */
#include <math.h>
#include <stdlib.h>

#include "embed/static_model.h"
#include "embed/wordpiece.h"
#include "tests/bert_vocab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PIECES "[UNK] [CLS] un ##aff ##able ! a b ##b c ab ##ab e ##e \xE4\xB8\xAD ' \xE1\x84\x92 " \
               "##\xE1\x85\xA1 < [ ] ##0 0"
#define NPIECES 23

/* The pieces of a text by a path, the text in parts of `part` bytes of room; *n of them, malloc'ed. */
static uint32_t *cut(const Wordpiece *t, WordpieceCache *c, Span text, size_t room, size_t *n) {
  uint32_t *out = malloc((text.len * 4 + room) * sizeof *out);
  if (out == NULL) abort();
  *n = 0;
  for (size_t at = 0; at < text.len;) {
    size_t before = at, got = wordpiece_pieces(t, c, text, &at, out + *n, room);
    if (got > room || at > text.len || at == before) abort();
    *n += got;
  }
  for (size_t i = 0; i < *n; i++)
    if (out[i] >= wordpiece_count(t)) abort();
  return out;
}

static void cut_every_way(const Wordpiece *t, Span text) {
  WordpieceCache *plain = wordpiece_cache_new(SIMD_PORTABLE), *best = wordpiece_cache_new(simd_best());
  size_t n, m;
  if (plain == NULL || best == NULL) abort();
  uint32_t *first = cut(t, plain, text, WORDPIECE_ROOM, &n);
  for (int round = 0; round < 2; round++) {
    uint32_t *again = cut(t, best, text, WORDPIECE_ROOM + 500 * (size_t)round, &m);
    if (n != m || memcmp(first, again, n * sizeof *first) != 0) abort();
    free(again);
  }
  free(first);
  wordpiece_cache_free(plain);
  wordpiece_cache_free(best);
}

static void embed(const char *json, Span text) {
  static char file[2048];
  Error err;
  uint64_t header = (uint64_t)sprintf(
      file + 8, "{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[%d,3],\"data_offsets\":[0,%d]}}", NPIECES, 3 * NPIECES);
  memcpy(file, &header, 8);
  for (int i = 0; i < 3 * NPIECES; i++) file[8 + header + (size_t)i] = (char)(i * 7);
  Embedder *e = static_model_open(span_of(file, 8 + header + 3 * NPIECES), span_str(json), "fuzz", &err);
  if (e == NULL) abort();
  void *room = e->room_new(e);
  float out[3];
  if (room == NULL || e->embed(e, room, text, out) != 0 || !isfinite(out[0] + out[1] + out[2])) abort();
  e->room_free(room);
  embedder_unref(e);
}

static void open_any(Span json) {
  Error err = { "" };
  Wordpiece *t = wordpiece_open(json, "fuzz", &err);
  if (t == NULL) {
    if (err.text[0] == '\0') abort();
    return;
  }
  cut_every_way(t, span_str("Unaffable [CLS] caf\xC3\xA9 \xE4\xB8\xAD\xE5\x9B\xBD abb a\x01" "b!"));
  wordpiece_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static const char *const NORMALIZERS[] = { BERT_NORMALIZER, "null",
    "{\"type\":\"BertNormalizer\",\"clean_text\":false,\"handle_chinese_chars\":true,\"lowercase\":false}",
    "{\"type\":\"BertNormalizer\",\"strip_accents\":false}" };
  if (len == 0) return 0;
  Span rest = span_of((const char *)data + 1, len - 1);
  if (data[0] % 8 == 0) {
    open_any(rest);
    return 0;
  }
  char *json = bert_json(PIECES, NORMALIZERS[data[0] % 4], BERT_SPECIAL(1, "[CLS]"),
                         ",\"max_input_chars_per_word\":20");
  size_t size = strlen(json);
  if (data[0] % 8 == 1) {
    for (size_t i = 1; i + 2 < len; i += 3) json[(data[i] << 8 | data[i + 1]) % size] = (char)data[i + 2];
    open_any(span_of(json, size));
  } else {
    Error err;
    Wordpiece *t = wordpiece_open(span_str(json), "fuzz", &err);
    if (t == NULL) abort();
    cut_every_way(t, rest);
    wordpiece_free(t);
    embed(json, rest);
  }
  free(json);
  return 0;
}
