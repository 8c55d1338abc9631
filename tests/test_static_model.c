/* tests/test_static_model.c - static models: vectors against a plain sum in doubles, all types of tensors, both paths,
** and files that are not read */
#include <math.h>
#include <pthread.h>

#include "bert_vocab.h"
#include "check.h"
#include "embed/static_model.h"
#include "vectors/half.h"

#define FOLDER "../shared/models/potion-base-4m-int8/"

enum { PIECES = 6, MOST_DIM = 300 };

#define VOCAB "[UNK] a b ##b c ab"             /* "abbc" is unknown, "abb" is ab ##b */

static char *tokenizer;                        /* of the six pieces */

/* ---- files ---- */

typedef struct File { char bytes[1 << 16]; size_t len, header; } File;

static File file;

static void file_begin(const char *header) {
  uint64_t len = (strlen(header) + 7) / 8 * 8;
  memset(&file, ' ', sizeof file);
  memcpy(file.bytes, &len, 8);
  memcpy(file.bytes + 8, header, strlen(header));
  file.len = 8 + len;
}

static void file_add(const void *bytes, size_t len) {
  memcpy(file.bytes + file.len, bytes, len);
  file.len += len;
}

/* A number of a table that int8 and half hold exactly. */
static double value(size_t row, size_t d) { return (double)((int)((row * 37 + d * 11 + 5) % 201) - 100); }

static void add_number(const char *type, double x) {
  if (strcmp(type, "I8") == 0) file_add(&(int8_t){ (int8_t)x }, 1);
  if (strcmp(type, "F16") == 0) file_add(&(uint16_t){ half_of((float)x) }, 2);
  if (strcmp(type, "F32") == 0) file_add(&(float){ (float)x }, 4);
  if (strcmp(type, "F64") == 0) file_add(&x, 8);
}

static size_t size_of(const char *type) { return strcmp(type, "I8") == 0 ? 1 : (size_t)atoi(type + 1) / 8; }

/* A table of rows * dim, with weights and a mapping where given. */
static void make_table(const char *type, size_t rows, size_t dim, const double *weight, const int32_t *mapping) {
  char header[600];
  size_t at = rows * dim * size_of(type);
  int n = sprintf(header, "{\"embeddings\":{\"dtype\":\"%s\",\"shape\":[%zu,%zu],\"data_offsets\":[0,%zu]}", type, rows,
                  dim, at);
  if (weight != NULL) {
    n += sprintf(header + n, ",\"weights\":{\"dtype\":\"F64\",\"shape\":[%d],\"data_offsets\":[%zu,%zu]}", PIECES, at,
                 at + PIECES * 8);
    at += PIECES * 8;
  }
  if (mapping != NULL)
    n += sprintf(header + n, ",\"mapping\":{\"dtype\":\"I32\",\"shape\":[%d],\"data_offsets\":[%zu,%zu]}", PIECES, at,
                 at + PIECES * 4);
  sprintf(header + n, "}");
  file_begin(header);
  for (size_t r = 0; r < rows; r++)
    for (size_t d = 0; d < dim; d++) add_number(type, value(r, d));
  if (weight != NULL) file_add(weight, PIECES * sizeof *weight);
  if (mapping != NULL) file_add(mapping, PIECES * sizeof *mapping);
}

/* ---- against the reference ---- */

static int embeds(SimdPath path, const char *text, size_t dim, const unsigned *piece, size_t n, const double *weight,
                  const int32_t *mapping) {
  static float out[MOST_DIM];
  Error err = { "" };
  Embedder *e = static_model_open_path(path, span_of(file.bytes, file.len), span_str(tokenizer), "made", &err);
  if (e == NULL) {
    printf("%s\n", err.text);
    return 0;
  }
  void *room = e->room_new(e);
  int right = e->dim == dim && e->meaning == 1 && strcmp(e->name, "made") == 0 &&
              e->embed(e, room, span_str(text), out) == 0;
  for (size_t d = 0; right && d < dim; d++) {
    double sum = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
      double term = value(mapping ? (size_t)mapping[piece[i]] : piece[i], d) * (weight ? weight[piece[i]] : 1);
      sum += term;
      size += fabs(term);
    }
    right = fabs(sum - (double)out[d]) <= 1e-5 * size;
    if (!right) printf("%s, path %d: [%zu] is %.9g, not %.9g\n", text, path, d, (double)out[d], sum);
  }
  e->room_free(room);
  embedder_unref(e);
  return right;
}

static int embeds_all(size_t dim, const double *weight, const int32_t *mapping) {
  static const unsigned first[] = { 1, 2, 5, 3, 4 };
  int right = 1;
  for (int path = SIMD_PORTABLE; path <= SIMD_AVX2; path++) {
    if (!simd_has((SimdPath)path)) continue;
    right &= embeds((SimdPath)path, "A b, abb abbc C", dim, first, 5, weight, mapping);
    right &= embeds((SimdPath)path, "", dim, first, 0, weight, mapping);
    right &= embeds((SimdPath)path, "zzz ?", dim, first, 0, weight, mapping);
  }
  return right;
}

static void a_text_is_the_sum_of_its_pieces_in_every_type(void) {
  static const char *const types[] = { "I8", "F16", "F32", "F64" };
  static const size_t dims[] = { 1, 7, 64, 65, 128, 300 };
  for (size_t i = 0; i < 4; i++)
    for (size_t k = 0; k < 6; k++) {
      make_table(types[i], PIECES, dims[k], NULL, NULL);
      CHECK(embeds_all(dims[k], NULL, NULL));
    }
}

static void weights_and_a_mapping_count(void) {
  static const double weight[PIECES] = { 9, 0.5, 1.25, 2, 0.125, 0.75 };
  static const int32_t mapping[PIECES] = { 0, 2, 1, 0, 2, 2 };
  make_table("I8", PIECES, 70, weight, NULL);
  CHECK(embeds_all(70, weight, NULL));
  make_table("I8", 3, 70, NULL, mapping);
  CHECK(embeds_all(70, NULL, mapping));
  make_table("F32", 3, 70, weight, mapping);
  CHECK(embeds_all(70, weight, mapping));
}

/* More pieces than an int16 holds sums of, by far: 20,000 times the largest number. */
static void long_texts_do_not_overflow(void) {
  static char text[40001];
  static unsigned piece[20000];
  for (size_t i = 0; i < 20000; i++) {
    memcpy(text + 2 * i, "a ", 2);
    piece[i] = 1;
  }
  make_table("I8", PIECES, 64, NULL, NULL);
  memset(file.bytes + file.len - 5 * 64, 0x80, 32);      /* of the piece a: -128; then what was there */
  static float out[64];
  Error err = { "" };
  for (int path = SIMD_PORTABLE; path <= SIMD_AVX2; path++) {
    if (!simd_has((SimdPath)path)) continue;
    Embedder *e =
        static_model_open_path((SimdPath)path, span_of(file.bytes, file.len), span_str(tokenizer), "made", &err);
    CHECK(e != NULL);
    void *room = e->room_new(e);
    CHECK(e->embed(e, room, span_str(text), out) == 0);
    CHECK(out[0] == -128.0f * 20000 && out[31] == -128.0f * 20000 && out[40] == (float)value(1, 40) * 20000);
    e->room_free(room);
    embedder_unref(e);
  }
  make_table("F32", PIECES, 64, NULL, NULL);
  for (int path = SIMD_PORTABLE; path <= SIMD_AVX2; path++)
    if (simd_has((SimdPath)path)) CHECK(embeds((SimdPath)path, text, 64, piece, 20000, NULL, NULL));
}

/* ---- threads ---- */

enum { TEXTS = 2000 };

typedef struct Thread { const Embedder *e; float sum[70]; int failed; } Thread;

/* Embeds texts of many words, each in its own room. */
static void *embed_many(void *arg) {
  Thread *t = arg;
  void *room = t->e->room_new(t->e);
  float out[70];
  for (unsigned i = 0; room != NULL && i < TEXTS; i++) {
    char text[64];
    snprintf(text, sizeof text, "a%s b%ub abb, C%u", i % 3 == 0 ? "b" : "", i % 7, i % 500);
    t->failed |= t->e->embed(t->e, room, span_str(text), out) != 0;
    for (int d = 0; d < 70; d++) t->sum[d] += out[d];
  }
  t->failed |= room == NULL;
  t->e->room_free(room);
  return NULL;
}

static void threads_share_a_model(void) {
  Error err = { "" };
  make_table("F32", PIECES, 70, NULL, NULL);
  Embedder *e = static_model_open(span_of(file.bytes, file.len), span_str(tokenizer), "made", &err);
  CHECK(e != NULL);
  Thread thread[3] = { { .e = e }, { .e = e }, { .e = e } };
  pthread_t id[3];
  for (int i = 0; i < 3; i++) CHECK(pthread_create(&id[i], NULL, embed_many, &thread[i]) == 0);
  for (int i = 0; i < 3; i++) {
    pthread_join(id[i], NULL);
    CHECK(!thread[i].failed && memcmp(thread[i].sum, thread[0].sum, sizeof thread[0].sum) == 0);
  }
  embedder_unref(e);
}

/* ---- files that are not read ---- */

static int refused(const char *why) {
  Error err = { "" };
  Embedder *e = static_model_open(span_of(file.bytes, file.len), span_str(tokenizer), "made", &err);
  if (e == NULL && strstr(err.text, why) != NULL) return 1;
  printf("%s, not %s\n", e != NULL ? "read" : err.text, why);
  embedder_unref(e);
  return 0;
}

static int refused_header(const char *header, size_t bytes, const char *why) {
  static const char zeros[4096];
  file_begin(header);
  file_add(zeros, bytes);
  return refused(why);
}

static void other_files_are_refused_in_a_sentence(void) {
  CHECK(refused_header("{}", 0, "made holds no tensor named embeddings or embedding.weight"));
  CHECK(refused_header("{\"embeddings\":{\"dtype\":\"U8\",\"shape\":[6,2],\"data_offsets\":[0,12]}}", 12,
                       "the tensor embeddings holds U8; what is read is I8, F16, BF16, F32 and F64"));
  CHECK(refused_header("{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[12],\"data_offsets\":[0,12]}}", 12,
                       "the tensor embeddings is no table of rows of 1 to 16384 numbers"));
  CHECK(refused_header("{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[0,6],\"data_offsets\":[0,0]}}", 0, "is no table"));
  CHECK(refused_header("{\"embedding.weight\":{\"dtype\":\"I8\",\"shape\":[7,2],\"data_offsets\":[0,14]}}", 14,
                       "made has 7 rows of numbers, but its tokenizer.json has 6 pieces"));
  CHECK(refused_header("{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[6,2],\"data_offsets\":[0,12]},"
                       "\"weights\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[12,32]}}", 32,
                       "the tensor weights is not one number for each of the 6 pieces"));
  CHECK(refused_header("{\"embeddings\":{\"dtype\":\"I8\",\"shape\":[6,2],\"data_offsets\":[0,12]},"
                       "\"mapping\":{\"dtype\":\"F32\",\"shape\":[6],\"data_offsets\":[12,36]}}", 36,
                       "the tensor mapping holds F32; what is read is I32, I64, U32 and U16"));
  static const int32_t past[PIECES] = { 0, 1, 2, 3, 4, 6 }, below[PIECES] = { 0, -1, 0, 0, 0, 0 };
  make_table("I8", PIECES, 2, NULL, past);
  CHECK(refused("made: mapping[5] is none of the 6 rows"));
  make_table("I8", PIECES, 2, NULL, below);
  CHECK(refused("made: mapping[1] is none of the 6 rows"));
  make_table("F32", PIECES, 2, NULL, NULL);
  memcpy(file.bytes + file.len - 4, &(float){ NAN }, 4);
  CHECK(refused("made: row 5 of embeddings holds a number that is not finite"));
  static const double infinite[PIECES] = { 0, 1, INFINITY, 1, 1, 1 };
  make_table("F32", PIECES, 2, infinite, NULL);
  CHECK(refused("made: the tensor weights holds a number that is not finite"));
  make_table("I8", PIECES, 2, NULL, NULL);
  file.len--;
  CHECK(refused("made: model.safetensors: "));
  char *kept = tokenizer;
  tokenizer = strdup("{}");
  make_table("I8", PIECES, 2, NULL, NULL);
  CHECK(refused("made: tokenizer.json: its model is of the type none"));
  free(tokenizer);
  tokenizer = kept;
}

/* ---- a published one ---- */

static Span slurp(const char *path) {
  FILE *f = fopen(path, "rb");
  if (f == NULL) return (Span){ 0 };
  char *bytes = malloc(8 << 20);
  if (bytes == NULL) abort();
  size_t len = fread(bytes, 1, 8 << 20, f);
  fclose(f);
  return span_of(bytes, len);
}

static void a_published_table_is_added_as_it_stands(void) {
  Span tensors = slurp(FOLDER "model.safetensors"), json = slurp(FOLDER "tokenizer.json");
  if (tensors.ptr == NULL || json.ptr == NULL) SKIP("no " FOLDER);
  Error err = { "" };
  Embedder *e = static_model_open(tensors, json, "potion", &err);
  CHECK(e != NULL && e->dim == 128);
  if (e != NULL) {
    /* ! is piece 5 and " piece 6 of the file; its table is the last 29528 * 128 bytes */
    const int8_t *table = (const int8_t *)tensors.ptr + tensors.len - 29528 * 128;
    float out[128];
    int right = 1;
    void *room = e->room_new(e);
    CHECK(e->embed(e, room, span_str("!\"!"), out) == 0);
    for (int d = 0; d < 128; d++) right &= out[d] == (float)(2 * table[5 * 128 + d] + table[6 * 128 + d]);
    CHECK(right);
    e->room_free(room);
  }
  embedder_unref(e);
  free((char *)tensors.ptr);
  free((char *)json.ptr);
}

int main(void) {
  tokenizer = bert_json(VOCAB, BERT_NORMALIZER, "", "");
  RUN(a_text_is_the_sum_of_its_pieces_in_every_type);
  RUN(weights_and_a_mapping_count);
  RUN(long_texts_do_not_overflow);
  RUN(threads_share_a_model);
  RUN(other_files_are_refused_in_a_sentence);
  RUN(a_published_table_is_added_as_it_stands);
  free(tokenizer);
  return check_done();
}
