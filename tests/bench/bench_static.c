/* tests/bench/bench_static.c - what a static model costs a CPU second: cutting texts into pieces by either path, and
** embedding them; then texts that are hard: no word twice, other scripts, no blanks. The model is that of
.. ../shared/models, the texts those of ../shared/data, as rows of about 600 bytes; without them nothing is measured. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "core/buf.h"
#include "embed/static_model.h"
#include "embed/wordpiece.h"

#define FOLDER "../shared/models/potion-base-4m-int8/"
#define DATA "../shared/data/"

enum { TIMES = 5, ROW = 600, LEAST = 12 << 20, HARD = 4 << 20 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void add_file(Buf *b, const char *path) {
  char block[1 << 16];
  gzFile f = gzopen(path, "rb");
  if (f == NULL) return;
  for (int n; (n = gzread(f, block, sizeof block)) > 0;)
    if (buf_add(b, block, (size_t)n) != 0) exit(1);
  gzclose(f);
}

/* The row at *at: up to a line's end behind ROW bytes. */
static Span next_row(Span all, size_t *at) {
  size_t from = *at, end = from + ROW < all.len ? from + ROW : all.len;
  while (end < all.len && all.ptr[end] != '\n' && all.ptr[end] != ' ' && end - from < 2 * ROW) end++;
  *at = end;
  return span_of(all.ptr + from, end - from);
}

static double cut_seconds(const Wordpiece *t, Span all, SimdPath path, size_t *pieces) {
  static uint32_t piece[WORDPIECE_ROOM];
  double best = 1e9;
  for (int i = 0; i < TIMES; i++) {
    WordpieceCache *c = wordpiece_cache_new(path);
    double from = cpu();
    *pieces = 0;
    for (size_t row = 0; row < all.len;) {
      Span text = next_row(all, &row);
      for (size_t at = 0; at < text.len;) *pieces += wordpiece_pieces(t, c, text, &at, piece, WORDPIECE_ROOM);
    }
    double took = cpu() - from;
    if (took < best) best = took;
    wordpiece_cache_free(c);
  }
  return best;
}

static double embed_seconds(const Embedder *e, Span all, size_t *rows) {
  float *out = malloc(e->dim * sizeof *out);
  double best = 1e9;
  for (int i = 0; i < TIMES; i++) {
    void *room = e->room_new(e);
    double from = cpu();
    *rows = 0;
    for (size_t row = 0; row < all.len; ++*rows)
      if (e->embed(e, room, next_row(all, &row), out) != 0) exit(1);
    double took = cpu() - from;
    if (took < best) best = took;
    e->room_free(room);
  }
  free(out);
  return best;
}

static void tell(const char *what, Span all, double seconds, const char *more) {
  printf("  %-44s %7.1f MB/CPU s %s\n", what, (double)all.len / seconds / 1e6, more);
}

static uint64_t seed = 7;
static uint32_t draw(uint32_t n) {
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(seed >> 33) % n;
}

/* Words of lo to hi letters, each drawn anew from `letters` (code points of `width` bytes); no blanks where hi is 0. */
static Span made(Buf *b, const char *letters, size_t width, uint32_t n, uint32_t lo, uint32_t hi) {
  b->len = 0;
  while (b->len < HARD) {
    for (uint32_t k = hi == 0 ? 64 : lo + draw(hi - lo + 1); k > 0; k--) buf_add(b, letters + width * draw(n), width);
    if (hi > 0) buf_char(b, ' ');
  }
  return buf_span(b);
}

static void hard(const Embedder *e) {
  Buf b = { 0 };
  size_t rows;
  Span text = made(&b, "etaoinsrhldcumfpgwyb", 1, 20, 3, 12);
  tell("made words, none twice", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "0123456789", 1, 10, 4, 12);
  tell("numbers, none twice", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "aaaaaaaaab", 1, 10, 80, 100);
  tell("words of 80 to 100 letters", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "\xD0\xBE\xD0\xB5\xD0\xB0\xD0\xB8\xD0\xBD\xD1\x82\xD1\x81\xD1\x80", 2, 8, 3, 12);
  tell("Cyrillic letters, words none twice", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "\xE4\xB8\xAD\xE5\x9B\xBD\xE4\xBA\xBA\xE5\xA4\xA7\xE5\xAD\xA6", 3, 5, 0, 0);
  tell("Chinese, no blanks", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "\xED\x95\x9C\xEA\xB5\xAD\xEC\x96\xB4", 3, 3, 2, 6);
  tell("Hangul", text, embed_seconds(e, text, &rows), "");
  text = made(&b, "!?.,;:()", 1, 8, 0, 0);
  tell("punctuation", text, embed_seconds(e, text, &rows), "");
  buf_free(&b);
}

int main(void) {
  static const char *const FILES[] = { "alpaca.jsonl.gz", "raw_trivia.jsonl.gz", "raw_tickets.jsonl",
                                       "raw_math.jsonl" };
  Buf text = { 0 }, tensors = { 0 }, json = { 0 };
  Error err = { "" };
  char path[128], more[80];
  add_file(&tensors, FOLDER "model.safetensors");
  add_file(&json, FOLDER "tokenizer.json");
  for (size_t i = 0; i < sizeof FILES / sizeof *FILES; i++) {
    snprintf(path, sizeof path, DATA "%s", FILES[i]);
    add_file(&text, path);
  }
  if (tensors.len == 0 || json.len == 0 || text.len < LEAST) {
    printf("skip: no " FOLDER " or " DATA "\n");
    return 0;
  }
  double from = cpu();
  Embedder *e = static_model_open(buf_span(&tensors), buf_span(&json), "potion", &err);
  double opened = cpu() - from;
  Wordpiece *t = wordpiece_open(buf_span(&json), "tokenizer.json", &err);
  if (e == NULL || t == NULL) exit(1);
  Span all = buf_span(&text);
  size_t pieces, rows;
  double cut = cut_seconds(t, all, simd_best(), &pieces), plain = cut_seconds(t, all, SIMD_PORTABLE, &pieces);
  printf("static model of %u numbers, opened in %.0f ms; %.1f MB of real rows of about %d bytes, %zu pieces\n", e->dim,
         opened * 1e3, (double)all.len / 1e6, ROW, pieces);
  snprintf(more, sizeof more, "(%.0f ns a piece)", cut / (double)pieces * 1e9);
  tell("cut into pieces", all, cut, more);
  tell("cut into pieces, portable path", all, plain, "");
  double embedded = embed_seconds(e, all, &rows);
  snprintf(more, sizeof more, "(%.0f rows/CPU s; goal 20 MB)", (double)rows / embedded);
  tell("embedded", all, embedded, more);
  hard(e);
  wordpiece_free(t);
  embedder_unref(e);
  buf_free(&text);
  buf_free(&tensors);
  buf_free(&json);
  return 0;
}
