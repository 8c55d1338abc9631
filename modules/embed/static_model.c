/* modules/embed/static_model.c - see static_model.h
**
** A row of the table is padded to whole blocks of LANES numbers; a block's sums over up to BATCH pieces stay in the
** CPU's registers, one line of its cache a piece. Batches begin at every BATCH-th piece of the text, so that the sums
** do not depend on how the pieces came. Past the last row stands one of zeros: the unknown piece's. */
#include "embed/static_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/spill.h"
#include "embed/wordpiece.h"
#include "vectors/safetensors.h"

enum {
  LANES = 64,                              /* int8 or float numbers that are summed at once */
  BATCH = 256,                             /* pieces: 256 * -128 is the least int16 */
  ROOM = 2 * WORDPIECE_ROOM + BATCH        /* pieces that are held */
};

typedef struct StaticModel {
  Embedder base;
  Wordpiece *tokenizer;
  SimdPath path;
  uint32_t rows, stride;                   /* rows of embeddings; numbers from one to the next */
  int8_t *bytes;                           /* [rows + 1][stride]; NULL: floats are used */
  float *floats;                           /* [rows + 1][stride] */
  float *weight;                           /* [pieces]; NULL: 1 */
  uint32_t *row;                           /* [pieces] of embeddings; rows: zeros */
  char *name;
} StaticModel;

/* ---- sums ---- */

typedef struct Batch {
  const uint32_t *piece;                   /* [n], n <= BATCH */
  size_t n;
  uint32_t row[BATCH];
  float weight[BATCH];
} Batch;

static void sum_bytes_portable(const StaticModel *m, const Batch *b, size_t from, double *total) {
  int16_t sum[LANES] = { 0 };
  for (size_t i = 0; i < b->n; i++) {
    const int8_t *row = m->bytes + (size_t)b->row[i] * m->stride + from;
    for (int k = 0; k < LANES; k++) sum[k] = (int16_t)(sum[k] + row[k]);
  }
  for (int k = 0; k < LANES; k++) total[from + (size_t)k] += sum[k];
}

static void sum_floats_portable(const StaticModel *m, const Batch *b, size_t from, double *total) {
  float sum[LANES] = { 0 };
  for (size_t i = 0; i < b->n; i++) {
    const float *row = m->floats + (size_t)b->row[i] * m->stride + from;
    for (int k = 0; k < LANES; k++) sum[k] += b->weight[i] * row[k];
  }
  for (int k = 0; k < LANES; k++) total[from + (size_t)k] += (double)sum[k];
}

#ifdef SIMD_X86
#include <immintrin.h>

__attribute__((target("avx2"))) static void sum_bytes_avx2(const StaticModel *m, const Batch *b, size_t from,
                                                           double *total) {
  __m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
  int16_t sum[LANES];
  for (size_t i = 0; i < b->n; i++) {
    const __m128i *row = (const __m128i *)(m->bytes + (size_t)b->row[i] * m->stride + from);
    s0 = _mm256_add_epi16(s0, _mm256_cvtepi8_epi16(_mm_loadu_si128(row)));
    s1 = _mm256_add_epi16(s1, _mm256_cvtepi8_epi16(_mm_loadu_si128(row + 1)));
    s2 = _mm256_add_epi16(s2, _mm256_cvtepi8_epi16(_mm_loadu_si128(row + 2)));
    s3 = _mm256_add_epi16(s3, _mm256_cvtepi8_epi16(_mm_loadu_si128(row + 3)));
  }
  _mm256_storeu_si256((__m256i *)sum, s0);
  _mm256_storeu_si256((__m256i *)(sum + 16), s1);
  _mm256_storeu_si256((__m256i *)(sum + 32), s2);
  _mm256_storeu_si256((__m256i *)(sum + 48), s3);
  for (int k = 0; k < LANES; k++) total[from + (size_t)k] += sum[k];
}

__attribute__((target("avx2"))) static void sum_floats_avx2(const StaticModel *m, const Batch *b, size_t from,
                                                            double *total) {
  __m256 s[LANES / 8];
  float sum[LANES];
  for (int k = 0; k < LANES / 8; k++) s[k] = _mm256_setzero_ps();
  for (size_t i = 0; i < b->n; i++) {
    const float *row = m->floats + (size_t)b->row[i] * m->stride + from;
    __m256 w = _mm256_set1_ps(b->weight[i]);
#pragma GCC unroll 8
    for (int k = 0; k < LANES / 8; k++) s[k] = _mm256_add_ps(s[k], _mm256_mul_ps(w, _mm256_loadu_ps(row + 8 * k)));
  }
  for (int k = 0; k < LANES / 8; k++) _mm256_storeu_ps(sum + 8 * k, s[k]);
  for (int k = 0; k < LANES; k++) total[from + (size_t)k] += (double)sum[k];
}
#endif

static void sum_block(const StaticModel *m, const Batch *b, size_t from, double *total) {
#ifdef SIMD_X86
  if (simd_avx2(m->path) && m->bytes != NULL) return sum_bytes_avx2(m, b, from, total);
  if (simd_avx2(m->path)) return sum_floats_avx2(m, b, from, total);
#endif
  if (m->bytes != NULL) return sum_bytes_portable(m, b, from, total);
  sum_floats_portable(m, b, from, total);
}

/* Adds the vectors of piece[0..n), n <= BATCH, to total[stride]. */
static void sum_batch(const StaticModel *m, const uint32_t *piece, size_t n, double *total) {
  Batch b;
  b.n = n;
  for (size_t i = 0; i < n; i++) b.row[i] = m->row[piece[i]];
  for (size_t i = 0; i < n && m->floats != NULL; i++) b.weight[i] = m->weight == NULL ? 1 : m->weight[piece[i]];
  for (size_t from = 0; from < m->stride; from += LANES) sum_block(m, &b, from, total);
}

/* ---- the embedder ---- */

typedef struct Room {
  WordpieceCache *cache;
  double *total;
  uint32_t piece[ROOM];
} Room;

static void room_free(void *room) {
  Room *r = room;
  if (r == NULL) return;
  wordpiece_cache_free(r->cache);
  free(r->total);
  free(r);
}

static void *room_new(const Embedder *e) {
  const StaticModel *m = (const StaticModel *)e;
  Room *r = malloc(sizeof *r);
  if (r == NULL) return NULL;
  r->cache = wordpiece_cache_new(m->path);
  r->total = malloc(m->stride * sizeof *r->total);
  if (r->cache != NULL && r->total != NULL) return r;
  room_free(r);
  return NULL;
}

static int embed(const Embedder *e, void *room, Span text, float *out) {
  const StaticModel *m = (const StaticModel *)e;
  Room *r = room;
  size_t n = 0;
  for (size_t d = 0; d < m->stride; d++) r->total[d] = 0;
  for (size_t at = 0; at < text.len;) {
    size_t done = 0;
    n += wordpiece_pieces(m->tokenizer, r->cache, text, &at, r->piece + n, ROOM - n);
    for (; done + BATCH <= n; done += BATCH) sum_batch(m, r->piece + done, BATCH, r->total);
    n -= done;
    memmove(r->piece, r->piece + done, n * sizeof *r->piece);
  }
  sum_batch(m, r->piece, n, r->total);
  for (uint32_t d = 0; d < m->base.dim; d++) out[d] = (float)r->total[d];
  return 0;
}

static void destroy(Embedder *e) {
  StaticModel *m = (StaticModel *)e;
  wordpiece_free(m->tokenizer);
  spill_free(m->bytes);
  spill_free(m->floats);
  free(m->weight);
  free(m->row);
  free(m->name);
  free(m);
}


/* ---- reading ---- */

typedef struct Reading {
  StaticModel *m;
  const SafeTensor *table, *weights, *mapping;
  const char *name;
  Error *err;
} Reading;

static const char *type_of(const SafeTensor *t) {
  return t->type == ELEMENT_OTHER ? "another type" : element_name(t->type);
}

static int find_table(Reading *r, const SafeTensors *file) {
  r->table = safetensors_get(file, span_str("embeddings"));
  if (r->table == NULL) r->table = safetensors_get(file, span_str("embedding.weight"));
  r->weights = safetensors_get(file, span_str("weights"));
  r->mapping = safetensors_get(file, span_str("mapping"));
  const SafeTensor *t = r->table;
  if (t == NULL) return error_set(r->err, "%s holds no tensor named embeddings or embedding.weight", r->name);
  if (t->ndim != 2 || t->shape[0] < 1 || t->shape[0] >= UINT32_MAX || t->shape[1] < 1 ||
      t->shape[1] > VECTORS_MAX_DIM)
    return error_set(r->err, "%s: the tensor %.*s is no table of rows of 1 to %d numbers", r->name, (int)t->name.len,
                     t->name.ptr, VECTORS_MAX_DIM);
  if (!element_is_number(t->type))
    return error_set(r->err, "%s: the tensor %.*s holds %s; what is read is I8, F16, BF16, F32 and F64", r->name,
                     (int)t->name.len, t->name.ptr, type_of(t));
  r->m->rows = (uint32_t)t->shape[0];
  r->m->base.dim = (uint32_t)t->shape[1];
  r->m->stride = (r->m->base.dim + LANES - 1) / LANES * LANES;
  return 0;
}

/* One of the tensors of a number a piece: it must have as many as the tokenizer. */
static int check_list(const Reading *r, const SafeTensor *t) {
  uint32_t pieces = wordpiece_count(r->m->tokenizer);
  if (t->ndim == 1 && t->shape[0] == pieces) return 0;
  return error_set(r->err, "%s: the tensor %.*s is not one number for each of the %u pieces of its tokenizer.json",
                   r->name, (int)t->name.len, t->name.ptr, pieces);
}

static int not_finite(const float *x, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i])) return 1;
  return 0;
}

static int read_table(const Reading *r) {
  StaticModel *m = r->m;
  const SafeTensor *t = r->table;
  size_t width = element_size(t->type), line = m->base.dim * width, all = ((size_t)m->rows + 1) * m->stride;
  if (t->type == ELEMENT_I8 && r->weights == NULL) m->bytes = spill_alloc(all);
  else m->floats = spill_alloc(all * sizeof *m->floats);
  if (m->bytes == NULL && m->floats == NULL) return error_memory(r->err);
  if (m->bytes != NULL) memset(m->bytes, 0, all);
  else memset(m->floats, 0, all * sizeof *m->floats);
  for (size_t i = 0; i < m->rows; i++) {
    const char *from = t->bytes.ptr + i * line;
    if (m->bytes != NULL) {
      memcpy(m->bytes + i * m->stride, from, line);
      continue;
    }
    float *to = m->floats + i * m->stride;
    element_floats(t->type, from, width, m->base.dim, 0, to);
    if (not_finite(to, m->base.dim))
      return error_set(r->err, "%s: row %zu of %.*s holds a number that is not finite", r->name, i, (int)t->name.len,
                       t->name.ptr);
  }
  return 0;
}

static int read_weights(const Reading *r) {
  const SafeTensor *t = r->weights;
  uint32_t pieces = wordpiece_count(r->m->tokenizer);
  if (t == NULL) return 0;
  if (check_list(r, t) != 0) return -1;
  if (!element_is_number(t->type))
    return error_set(r->err, "%s: the tensor weights holds %s; what is read is I8, F16, BF16, F32 and F64", r->name,
                     type_of(t));
  r->m->weight = malloc(pieces * sizeof *r->m->weight);
  if (r->m->weight == NULL) return error_memory(r->err);
  element_floats(t->type, t->bytes.ptr, element_size(t->type), pieces, 0, r->m->weight);
  if (!not_finite(r->m->weight, pieces)) return 0;
  return error_set(r->err, "%s: the tensor weights holds a number that is not finite", r->name);
}

/* A whole number, little-endian; UINT64_MAX where it is below 0. */
static uint64_t whole(ElementType type, const char *p) {
  uint64_t x = 0;
  size_t width = element_size(type);
  for (size_t i = width; i-- > 0;) x = x << 8 | (unsigned char)p[i];
  int is_signed = type == ELEMENT_I32 || type == ELEMENT_I64;
  return is_signed && x >> (8 * width - 1) != 0 ? UINT64_MAX : x;
}

static int read_mapping(const Reading *r) {
  StaticModel *m = r->m;
  const SafeTensor *t = r->mapping;
  uint32_t pieces = wordpiece_count(m->tokenizer);
  if (t == NULL && pieces != m->rows)
    return error_set(r->err, "%s has %u rows of numbers, but its tokenizer.json has %u pieces", r->name, m->rows,
                     pieces);
  if (t != NULL && check_list(r, t) != 0) return -1;
  if (t != NULL && t->type != ELEMENT_I32 && t->type != ELEMENT_I64 && t->type != ELEMENT_U32 &&
      t->type != ELEMENT_U16)
    return error_set(r->err, "%s: the tensor mapping holds %s; what is read is I32, I64, U32 and U16", r->name,
                     type_of(t));
  m->row = malloc(pieces * sizeof *m->row);
  if (m->row == NULL) return error_memory(r->err);
  for (uint32_t i = 0; i < pieces; i++) {
    uint64_t to = t == NULL ? i : whole(t->type, t->bytes.ptr + i * element_size(t->type));
    if (to >= m->rows)
      return error_set(r->err, "%s: mapping[%u] is none of the %u rows", r->name, i, m->rows);
    m->row[i] = (uint32_t)to;
  }
  m->row[wordpiece_unknown(m->tokenizer)] = m->rows;
  return 0;
}

static int read_model(Reading *r, Span tensors, Span tokenizer) {
  SafeTensors file;
  Error why = { "" };
  char title[160];
  snprintf(title, sizeof title, "%s: tokenizer.json", r->name);
  if ((r->m->tokenizer = wordpiece_open(tokenizer, title, r->err)) == NULL) return -1;
  if (safetensors_read(&file, tensors, &why) != 0)
    return error_set(r->err, "%s: model.safetensors: %s", r->name, why.text);
  int failed = find_table(r, &file) != 0 || read_table(r) != 0 || read_weights(r) != 0 || read_mapping(r) != 0;
  safetensors_free(&file);
  return failed ? -1 : 0;
}

Embedder *static_model_open_path(SimdPath path, Span tensors, Span tokenizer, const char *name, Error *err) {
  StaticModel *m = calloc(1, sizeof *m);
  if (m == NULL || (m->name = strdup(name)) == NULL) {
    free(m);
    error_memory(err);
    return NULL;
  }
  m->base = (Embedder){ .dim = 0, .name = m->name, .meaning = 1, .room_new = room_new, .room_free = room_free,
                        .embed = embed, .destroy = destroy };
  atomic_init(&m->base.refs, 1);
  m->path = path;
  Reading r = { .m = m, .name = name, .err = err };
  if (read_model(&r, tensors, tokenizer) == 0) return &m->base;
  embedder_unref(&m->base);
  return NULL;
}

Embedder *static_model_open(Span tensors, Span tokenizer, const char *name, Error *err) {
  return static_model_open_path(simd_best(), tensors, tokenizer, name, err);
}
