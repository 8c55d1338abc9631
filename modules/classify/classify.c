/* modules/classify/classify.c - see classify.h */
#include "classify/classify.h"

#include <math.h>
#include <stdlib.h>

#include "hash/hash.h"

/* ---- scoring ---- */

typedef struct Piece {
  int64_t sum;
  uint32_t n, words;
  size_t start, end;
} Piece;

/* The sentences of the window, a ring: no more than it has words. */
typedef struct Window {
  Piece piece[CLASSIFY_MAX_WINDOW];
  uint32_t first, pieces;
  Piece all;               /* its sums; start and end are not kept */
} Window;

static void drop_first(Window *w) {
  const Piece *p = &w->piece[w->first];
  w->all.sum -= p->sum, w->all.n -= p->n, w->all.words -= p->words;
  w->first = (w->first + 1) % CLASSIFY_MAX_WINDOW;
  w->pieces--;
}

static void weigh(const Classify *c, const Piece *p, size_t start, size_t end, ClassifyResult *best) {
  if (p->words < c->read.least) return;
  double value = c->bias + c->unit * (double)p->sum / sqrt((double)p->n + c->read.pad);
  if (!(value > best->value)) return;
  best->value = value;
  best->start = start;
  best->end = end;
}

/* One more sentence: by itself, and the window that ends with it. */
static void add_piece(const Classify *c, Window *w, const Piece *p, ClassifyResult *best) {
  while (w->pieces > 0 && w->all.words + p->words > c->read.window) drop_first(w);
  w->piece[(w->first + w->pieces++) % CLASSIFY_MAX_WINDOW] = *p;
  w->all.sum += p->sum, w->all.n += p->n, w->all.words += p->words;
  weigh(c, &w->all, w->piece[w->first].start, p->end, best);
  if (w->pieces > 1) weigh(c, p, p->start, p->end, best);
}

static void add_word(const Classify *c, WordWalk *walk, Piece *p) {
  uint32_t bucket[FEATURES_A_WORD];
  size_t n = features_of(walk, &c->read.shape, bucket);
  int64_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    int q = c->weight[bucket[i]];
    sum += q * abs(q);
  }
  if (p->words++ == 0) p->start = walk->start;
  p->sum += sum;
  p->n += (uint32_t)n;
  p->end = walk->end;
}

double classify_score(const Classify *c, double value) {
  return value > -HUGE_VAL ? 1 / (1 + exp(-(c->slope * value + c->offset))) : 0;
}

ClassifyResult classify_text(const Classify *c, Span text) {
  ClassifyResult best = { -HUGE_VAL, 0, 0, 0 };
  Window window;
  WordWalk walk;
  Piece p = { 0 };
  window.first = window.pieces = 0;
  window.all = p;
  words_begin(&walk, text);
  while (words_step(&walk)) {
    if (p.words > 0 && (walk.opens || p.words >= c->read.window)) {
      add_piece(c, &window, &p, &best);
      p = (Piece){ 0 };
    }
    add_word(c, &walk, &p);
  }
  if (p.words > 0) add_piece(c, &window, &p, &best);
  best.score = classify_score(c, best.value);
  return best;
}

/* ---- the file ---- */

#define MAGIC "tamis classify 1\n"
enum { MAGIC_LEN = sizeof MAGIC - 1, FIXED = 4 + 3 * 4 + 4 * 8, SUM = 8 };

Classify *classify_new(const ClassifyReading *r, Span header) {
  Classify *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  *c = (Classify){ .read = *r, .unit = 1, .slope = 1, .header_len = header.len };
  c->weight = calloc((size_t)1 << r->shape.bits, 1);
  c->header = malloc(header.len + 1);
  if (c->weight == NULL || c->header == NULL) {
    classify_free(c);
    return NULL;
  }
  memcpy(c->header, header.len > 0 ? header.ptr : "", header.len);
  return c;
}

void classify_free(Classify *c) {
  if (c == NULL) return;
  free(c->weight);
  free(c->header);
  free(c);
}

static int put_number(Buf *b, uint64_t v, size_t bytes) {
  char raw[8];
  for (size_t i = 0; i < bytes; i++) raw[i] = (char)(v >> 8 * i & 0xFF);
  return buf_add(b, raw, bytes);
}

static int put_double(Buf *b, double v) {
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return put_number(b, bits, 8);
}

int classify_write(const Classify *c, Buf *out) {
  size_t start = out->len;
  const FeatureShape *s = &c->read.shape;
  const char shape[4] = { (char)s->bits, (char)s->char_min, (char)s->char_max, (char)s->words };
  if (buf_str(out, MAGIC) != 0 || put_number(out, c->header_len, 4) != 0 ||
      buf_add(out, c->header, c->header_len) != 0 || buf_add(out, shape, 4) != 0 ||
      put_number(out, c->read.window, 4) != 0 || put_number(out, c->read.pad, 4) != 0 ||
      put_number(out, c->read.least, 4) != 0 || put_double(out, c->unit) != 0 || put_double(out, c->bias) != 0 ||
      put_double(out, c->slope) != 0 || put_double(out, c->offset) != 0 ||
      buf_add(out, c->weight, (size_t)1 << s->bits) != 0)
    return -1;
  return put_number(out, hash_xxh3(span_of(out->ptr + start, out->len - start)), SUM);
}

static uint64_t get_number(const char *p, size_t bytes) {
  uint64_t v = 0;
  for (size_t i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)p[i] << 8 * i;
  return v;
}

static double get_double(const char *p) {
  uint64_t bits = get_number(p, 8);
  double v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

static int sane(const Classify *c) {
  const FeatureShape *s = &c->read.shape;
  return s->bits >= FEATURES_MIN_BITS && s->bits <= FEATURES_MAX_BITS && s->char_max <= FEATURES_MAX_CHARS &&
         s->char_min <= s->char_max && (s->char_max == 0 || s->char_min > 0) && s->words <= 2 &&
         s->char_max + s->words > 0 && c->read.window >= 1 && c->read.window <= CLASSIFY_MAX_WINDOW &&
         c->read.pad <= CLASSIFY_MAX_PAD && c->read.least >= 1 && c->read.least <= c->read.window &&
         isfinite(c->unit) && c->unit > 0 && isfinite(c->bias) && isfinite(c->slope) && isfinite(c->offset);
}

Classify *classify_read(Span b, Error *err) {
  if (b.len < MAGIC_LEN + 4 || memcmp(b.ptr, MAGIC, MAGIC_LEN) != 0) {
    error_set(err, "expected a classifier of tamis fit, version 1");
    return NULL;
  }
  size_t header = get_number(b.ptr + MAGIC_LEN, 4), at = MAGIC_LEN + 4 + header;
  if (header > CLASSIFY_MAX_HEADER || b.len < at + FIXED + SUM) {
    error_set(err, "the classifier is cut off at byte %zu", b.len);
    return NULL;
  }
  const char *p = b.ptr + at;
  Classify c = { .read = { { (uint8_t)p[0], (uint8_t)p[1], (uint8_t)p[2], (uint8_t)p[3] },
                           (uint32_t)get_number(p + 4, 4), (uint32_t)get_number(p + 8, 4),
                           (uint32_t)get_number(p + 12, 4) },
                 .unit = get_double(p + 16), .bias = get_double(p + 24), .slope = get_double(p + 32),
                 .offset = get_double(p + 40) };
  if (!sane(&c)) {
    error_set(err, "the classifier's settings cannot be: its file was changed");
    return NULL;
  }
  size_t weights = (size_t)1 << c.read.shape.bits, whole = at + FIXED + weights + SUM;
  if (b.len != whole) {
    error_set(err, "the classifier has %zu bytes, its settings ask for %zu", b.len, whole);
    return NULL;
  }
  if (hash_xxh3(span_of(b.ptr, whole - SUM)) != get_number(b.ptr + whole - SUM, SUM)) {
    error_set(err, "the classifier's checksum does not match: its file was changed");
    return NULL;
  }
  Classify *out = classify_new(&c.read, span_of(b.ptr + MAGIC_LEN + 4, header));
  if (out == NULL) {
    error_memory(err);
    return NULL;
  }
  out->unit = c.unit, out->bias = c.bias, out->slope = c.slope, out->offset = c.offset;
  memcpy(out->weight, p + FIXED, weights);
  return out;
}
