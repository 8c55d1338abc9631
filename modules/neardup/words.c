/* modules/neardup/words.c - see words.h */
#include "neardup/words.h"

#include <stdlib.h>
#include <xxhash.h>

#include "text/chars.h"
#include "text/fold.h"
#include "text/tokens.h"

/* ASCII of the general categories P*, as fold.h drops them. */
static int is_point(unsigned char c) {
  switch (c) {
    case '$': case '+': case '<': case '=': case '>': case '^': case '`': case '|': case '~': return 0;
    default: return c > 0x20 && c < 0x7F && !chars_is_alnum_ascii(c);
  }
}

static int more_tokens(Words *w) {
  if (w->n < w->cap) return 0;
  size_t cap = w->cap * 2 + 256;
  uint64_t *hash = realloc(w->hash, cap * sizeof *hash);
  if (hash != NULL) w->hash = hash;
  uint32_t *start = realloc(w->start, cap * sizeof *start);
  if (start != NULL) w->start = start;
  uint32_t *end = realloc(w->end, cap * sizeof *end);
  if (end != NULL) w->end = end;
  uint32_t *nth = realloc(w->nth, cap * sizeof *nth);
  if (nth != NULL) w->nth = nth;
  if (hash == NULL || start == NULL || end == NULL || nth == NULL) return -1;
  w->cap = cap;
  return 0;
}

static int add_piece(Words *w) {
  if (w->npieces + 2 > w->piece_cap) {
    size_t cap = w->piece_cap * 2 + 16;
    uint32_t *more = realloc(w->piece, cap * sizeof *more);
    if (more == NULL) return -1;
    w->piece = more;
    w->piece_cap = cap;
  }
  w->piece[w->npieces++] = (uint32_t)w->n;
  return 0;
}

/* Takes the punctuation out of a token where it stands; the bytes that are left;
** SIZE_MAX if out of memory. */
static size_t make_bare(char *token, size_t len) {
  size_t n = 0, i = 0;
  while (i < len && !(token[i] & 0x80)) {
    if (!is_point((unsigned char)token[i])) token[n++] = token[i];
    i++;
  }
  if (i == len) return n;
  char room[256], *out = len <= 96 ? room : malloc(fold_room(len));
  if (out == NULL) return SIZE_MAX;
  size_t folded = fold_text(out, span_of(token + i, len - i), FOLD_DROP_PUNCTUATION, NULL);
  if (folded <= len - n) memcpy(token + n, out, folded);
  if (out != room) free(out);
  return n + folded;
}

static int add_token(Words *w, Span token, uint32_t nth, int bare) {
  char *p = (char *)token.ptr;   /* it stands in our own text */
  size_t len = bare ? make_bare(p, token.len) : token.len;
  if (len == 0) return 0;
  if (len == SIZE_MAX || more_tokens(w) != 0) return -1;
  size_t i = w->n++;
  w->start[i] = (uint32_t)(p - w->text.text);
  w->end[i] = w->start[i] + (uint32_t)len;
  w->hash[i] = XXH3_64bits(p, len);
  w->nth[i] = nth;
  return 0;
}

/* The next token of a folded ASCII string: words, one blank between. */
static Span next_ascii(Span text, size_t *at) {
  size_t i = *at;
  while (i < text.len && text.ptr[i] == ' ') i++;
  if (i >= text.len) return (Span){ 0 };
  const char *end = memchr(text.ptr + i, ' ', text.len - i);
  size_t k = end != NULL ? (size_t)(end - text.ptr) : text.len;
  *at = k;
  return span_of(text.ptr + i, k - i);
}

static int cut_piece(Words *w, Span text, int bare) {
  size_t at = 0;
  if (add_piece(w) != 0) return -1;
  for (uint32_t nth = 0;; nth++) {
    Span token = w->text.ascii ? next_ascii(text, &at) : tokens_next(text, &at);
    if (token.ptr == NULL) return 0;
    if (add_token(w, token, nth, bare) != 0) return -1;
  }
}

int words_read(const TextSource *src, size_t i, int worker, int flags, Words *w) {
  w->n = w->npieces = 0;
  grams_begin(&w->text, 1, 0);
  if (src->fields(src, i, worker, &w->text) != 0 || w->text.len > UINT32_MAX) return -1;
  for (size_t from = 0; w->text.joined && from <= w->text.len;) {
    char *end = memchr(w->text.text + from, '\x1f', w->text.len - from);
    size_t to = end != NULL ? (size_t)(end - w->text.text) : w->text.len;
    if (cut_piece(w, span_of(w->text.text + from, to - from), flags & WORDS_BARE) != 0) return -1;
    from = to + 1;
  }
  if (w->npieces == 0 && add_piece(w) != 0) return -1;
  w->piece[w->npieces] = (uint32_t)w->n;
  return 0;
}

void words_free(Words *w) {
  grams_free(&w->text);
  free(w->hash);
  free(w->start);
  free(w->end);
  free(w->nth);
  free(w->piece);
  *w = (Words){ 0 };
}

int words_equal(const Words *a, size_t i, const Words *b, size_t k, size_t n) {
  if (i + n > a->n || k + n > b->n) return 0;
  for (size_t t = 0; t < n; t++)
    if (a->hash[i + t] != b->hash[k + t] || !span_eq(words_at(a, i + t), words_at(b, k + t))) return 0;
  return 1;
}

uint64_t words_power(unsigned n) {
  uint64_t p = 1;
  for (unsigned i = 1; i < n; i++) p *= WORDS_BASE;
  return p;
}

int words_place(Span string, uint32_t first, uint32_t last, WordsPlace *out) {
  size_t at = 0;
  *out = (WordsPlace){ 0, 0, string.len };
  for (uint32_t nth = 0;; nth++) {
    Span token = tokens_next(string, &at);
    if (token.ptr == NULL) return nth > last ? 0 : -1;
    size_t begin = (size_t)(token.ptr - string.ptr);
    if (nth == first) out->begin = begin;
    if (nth == last) out->end = begin + token.len;
    if (nth <= last) continue;
    out->next = begin;
    return 0;
  }
}

/* ---- strings of rows ---- */

size_t row_strings_of(const Row *row, unsigned fields, RowString **out) {
  size_t most = row->corpus->rows[row->index].nstrings, n = 0;
  RowString *all = *out = scratch_room(row->scratch, (2 * most + 1) * sizeof *all);
  if (all == NULL) return 0;
  for (unsigned f = 0; f < FIELD_COUNT; f++) {
    if (!(fields >> f & 1)) continue;
    size_t found = row_field_strings(row, (Field)f, all + n, 2 * most - n), kept = n;
    for (size_t i = n; i < n + found; i++) {   /* an output is an assistant's turn too */
      int seen = 0;
      for (size_t k = 0; k < n && f == FIELD_ASSISTANT && !seen; k++) seen = all[k].start == all[i].start;
      if (!seen) all[kept++] = all[i];
    }
    n = kept;
  }
  return n;
}

static int string_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  const ViewTexts *t = (const ViewTexts *)src;
  Scratch *scratch = t->scratch[worker];
  Row row = scratch_begin(scratch, t->view, t->rows[i]);
  RowString *string;
  size_t n = row_strings_of(&row, t->fields, &string);
  if (string == NULL) return -1;
  for (size_t k = 0; k < n; k++)
    if (grams_field(g, string[k].text) != 0) return -1;
  return scratch_failed(scratch) ? -1 : 0;
}

int view_strings_init(ViewTexts *t, const View *view, const uint32_t *rows, size_t n,
                      unsigned fields, Pool *pool) {
  int r = view_texts_init(t, view, rows, n, fields, 0, pool);
  if (r == 0) t->source.fields = string_fields;
  return r;
}
