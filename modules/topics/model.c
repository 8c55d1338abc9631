/* modules/topics/model.c - see model.h */
#include "topics/model.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "text/chars.h"
#include "vectors/dot.h"

enum { CHECKED = 24, HEAD = 32 };

static int put(Buf *b, uint64_t v, int bytes) {
  char out[8];
  for (int i = 0; i < bytes; i++) out[i] = (char)(v >> 8 * i);
  return buf_add(b, out, (size_t)bytes);
}

static uint64_t get(const char *p, int bytes) {
  uint64_t v = 0;
  for (int i = 0; i < bytes; i++) v |= (uint64_t)(unsigned char)p[i] << 8 * i;
  return v;
}

static uint64_t check_of(const char *file, size_t len) {
  return XXH3_64bits_withSeed(file + HEAD, len - HEAD, XXH3_64bits(file, CHECKED));
}

int topic_model_write(const Centroids *c, Span note, Buf *out) {
  size_t at = out->len, cells = (size_t)c->k * c->dim;
  if (buf_reserve(out, HEAD + note.len + 4 * cells) != 0) return -1;
  int bad = buf_add(out, TOPIC_MODEL_MAGIC, 8) != 0 || put(out, TOPIC_MODEL_VERSION, 4) != 0 ||
            put(out, c->k, 4) != 0 || put(out, c->dim, 4) != 0 || put(out, note.len, 4) != 0 || put(out, 0, 8) != 0 ||
            buf_add(out, note.len > 0 ? note.ptr : "", note.len) != 0;
  for (size_t i = 0; !bad && i < cells; i++) {
    uint32_t bits;
    memcpy(&bits, &c->x[i], 4);
    bad = put(out, bits, 4) != 0;
  }
  if (bad) return -1;
  uint64_t check = check_of(out->ptr + at, out->len - at);
  for (int i = 0; i < 8; i++) out->ptr[at + CHECKED + (size_t)i] = (char)(check >> 8 * i);
  return 0;
}

static int damaged(const char *name, const char *what, Error *err) {
  return error_set(err, "%s is damaged (%s): take the file of another run", name, what);
}

static int check_head(Span bytes, const char *name, Error *err) {
  if (bytes.len < 8 || memcmp(bytes.ptr, TOPIC_MODEL_MAGIC, 8) != 0)
    return error_set(err, "%s is no file of topics: it does not begin with %s", name, TOPIC_MODEL_MAGIC);
  if (bytes.len < HEAD) return damaged(name, "it ends too early", err);
  const char *p = bytes.ptr;
  if (get(p + 8, 4) != TOPIC_MODEL_VERSION)
    return error_set(err, "%s was written by another version of tamis (format %u, this one reads %u)", name,
                     (unsigned)get(p + 8, 4), (unsigned)TOPIC_MODEL_VERSION);
  uint64_t k = get(p + 12, 4), dim = get(p + 16, 4), note = get(p + 20, 4);
  if (k < 1 || k > KMEANS_MAX_K || dim < 1 || dim > VECTORS_MAX_DIM || note > TOPIC_MODEL_MAX_NOTE ||
      HEAD + note + 4 * k * dim != bytes.len)
    return damaged(name, "its parts do not fit its size", err);
  if (get(p + CHECKED, 8) != check_of(p, bytes.len)) return damaged(name, "its check fails", err);
  return chars_valid(p + HEAD, (size_t)note) ? 0 : damaged(name, "its note is no UTF-8", err);
}

/* A centroid that is no unit vector would make cosines that are none. */
static int read_centroid(Centroids *c, uint32_t i, const char *p) {
  float *x = c->x + (size_t)i * c->dim;
  for (uint32_t d = 0; d < c->dim; d++, p += 4) {
    uint32_t bits = (uint32_t)get(p, 4);
    memcpy(&x[d], &bits, 4);
  }
  double square = dot_fixed(simd_best(), x, x, c->dim);
  if (!(fabs(square - 1) < 1e-3)) return -1;
  c->inverse[i] = 1 / sqrt(square);
  return 0;
}

int topic_model_read(Span bytes, const char *name, Centroids *c, Span *note, Error *err) {
  *c = (Centroids){ 0 };
  if (check_head(bytes, name, err) != 0) return -1;
  uint32_t k = (uint32_t)get(bytes.ptr + 12, 4), dim = (uint32_t)get(bytes.ptr + 16, 4);
  *note = span_of(bytes.ptr + HEAD, (size_t)get(bytes.ptr + 20, 4));
  if (centroids_new(c, k, dim) != 0) return error_memory(err);
  for (uint32_t i = 0; i < k; i++) {
    if (read_centroid(c, i, note->ptr + note->len + 4 * (size_t)i * dim) == 0) continue;
    centroids_free(c);
    return damaged(name, "a centroid is no vector of length 1", err);
  }
  return 0;
}

/* ---- the same topics ---- */

static int by_cosine(const void *x, const void *y) {
  const TopicPair *a = x, *b = y;
  if (a->cosine != b->cosine) return a->cosine > b->cosine ? -1 : 1;
  if (a->a != b->a) return a->a < b->a ? -1 : 1;
  return (a->b > b->b) - (a->b < b->b);
}

/* All pairs of `least` or more. */
static size_t near_pairs(const Centroids *a, const Centroids *b, double least, TopicPair *out) {
  size_t n = 0;
  for (uint32_t i = 0; i < a->k; i++)
    for (uint32_t j = 0; j < b->k; j++) {
      double cosine = vectors_cosine_of(a->x + (size_t)i * a->dim, b->x + (size_t)j * b->dim, a->dim);
      if (!(cosine >= least)) continue;
      if (out != NULL) out[n] = (TopicPair){ i, j, cosine };
      n++;
    }
  return n;
}

int64_t topic_model_match(const Centroids *a, const Centroids *b, double least, TopicPair *pair) {
  size_t n = near_pairs(a, b, least, NULL);
  TopicPair *all = malloc(n * sizeof *all + 1);
  uint8_t *taken = calloc((size_t)a->k + b->k + 1, 1);
  int64_t found = -1;
  if (all != NULL && taken != NULL) {
    found = 0;
    near_pairs(a, b, least, all);
    qsort(all, n, sizeof *all, by_cosine);
    for (size_t i = 0; i < n; i++) {
      if (taken[all[i].a] || taken[a->k + all[i].b]) continue;
      taken[all[i].a] = taken[a->k + all[i].b] = 1;
      pair[found++] = all[i];
    }
  }
  free(all);
  free(taken);
  return found;
}
