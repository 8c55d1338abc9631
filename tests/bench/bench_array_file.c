/* tests/bench/bench_array_file.c - what a row of a file of vectors costs until it is stored at length 1: read from the
** mapped bytes, turned into floats, normalised; by type and order, and from a deflated archive. The best of three. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zlib.h>

#include "vectors/array_file.h"
#include "vectors/vectors.h"

enum { ROWS = 40000, DIM = 384, TIMES = 3 };

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* A .npy file of bytes that are numbers of some size: exponents are kept in the middle. */
static char *make(const char *descr, const char *order, size_t size, size_t *len) {
  char header[128];
  int n = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': %s, 'shape': (%d, %d), }", descr, order,
                   ROWS, DIM);
  char *file = malloc(128 + (size_t)ROWS * DIM * size);
  if (file == NULL) exit(1);
  memset(file, ' ', 128);
  memcpy(file, "\x93NUMPY\1\0\x76\0", 10);
  memcpy(file + 10, header, (size_t)n);
  file[127] = '\n';
  uint64_t seed = 7;
  for (size_t i = 0; i < (size_t)ROWS * DIM; i++) {
    char *p = file + 128 + i * size;
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    memcpy(p, &seed, size);
    p[descr[0] == '>' ? 0 : size - 1] = (char)(0x3B | (seed >> 33 & 0x80));
  }
  *len = 128 + (size_t)ROWS * DIM * size;
  return file;
}

static void measure(const char *what, Span file, size_t bytes) {
  uint32_t *rows = malloc(ROWS * sizeof *rows);
  double best = 1e9;
  if (rows == NULL) exit(1);
  for (uint32_t i = 0; i < ROWS; i++) rows[i] = i;
  for (int t = 0; t < TIMES; t++) {
    ArrayFile f;
    Vectors *v;
    Error err;
    float x[DIM];
    double begin = cpu();
    if (array_file_read(&f, file, "bench", span_str(""), 0, &err) != 0) exit(fprintf(stderr, "%s\n", err.text) > 0);
    if (vectors_new(&v, ROWS, rows, ROWS, DIM, VECTOR_F32, "bench") != 0) exit(1);
    for (uint32_t i = 0; i < ROWS; i++) {
      array_file_row(&f, i, x);
      vectors_put(v, i, x);
    }
    vectors_close(v);
    double took = cpu() - begin;
    if (took < best) best = took;
    vectors_unref(v);
    array_file_close(&f);
  }
  printf("  %-28s %8.0f MB/CPU s  %9.0f rows/CPU s\n", what, (double)bytes / best / 1e6, ROWS / best);
  free(rows);
}

static void put(char **p, uint64_t v, int bytes) {
  for (int i = 0; i < bytes; i++) *(*p)++ = (char)(v >> 8 * i & 0xFF);
}

/* An archive with that file as a.npy, deflated. */
static char *pack(const char *file, size_t len, size_t *out) {
  uLong room = compressBound((uLong)len);
  char *zip = malloc(room + 256), *p = zip;
  z_stream s = { 0 };
  if (zip == NULL || deflateInit2(&s, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) exit(1);
  s.next_in = (Bytef *)(uintptr_t)file, s.avail_in = (uInt)len;
  s.next_out = (Bytef *)zip + 35, s.avail_out = (uInt)room;
  if (deflate(&s, Z_FINISH) != Z_STREAM_END) exit(1);
  uint64_t packed = s.total_out, crc = crc32(0, (const Bytef *)file, (uInt)len);
  deflateEnd(&s);
  put(&p, 0x04034B50, 4), put(&p, 20, 4), put(&p, 8, 2), put(&p, 0, 8), put(&p, 0, 8), put(&p, 5, 4);
  memcpy(p, "a.npy", 5);
  char *directory = p = zip + 35 + packed;
  put(&p, 0x02014B50, 4), put(&p, 20, 2), put(&p, 20, 4), put(&p, 8, 2), put(&p, 0, 4), put(&p, crc, 4);
  put(&p, packed, 4), put(&p, len, 4), put(&p, 5, 2), put(&p, 0, 8), put(&p, 0, 8);
  memcpy(p, "a.npy", 5);
  p += 5;
  uint64_t bytes = (uint64_t)(p - directory);
  put(&p, 0x06054B50, 4), put(&p, 0, 4), put(&p, 1, 2), put(&p, 1, 2), put(&p, bytes, 4);
  put(&p, (uint64_t)(directory - zip), 4), put(&p, 0, 2);
  *out = (size_t)(p - zip);
  return zip;
}

int main(void) {
  static const struct { const char *what, *descr, *order; size_t size; } KINDS[] = {
    { "float32", "<f4", "False", 4 },      { "float16", "<f2", "False", 2 },
    { "float64", "<f8", "False", 8 },      { "float32, big-endian", ">f4", "False", 4 },
    { "float32, Fortran order", "<f4", "True", 4 },
  };
  printf("%d rows of %d numbers, stored as float32 of length 1\n", ROWS, DIM);
  size_t len;
  for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
    char *file = make(KINDS[i].descr, KINDS[i].order, KINDS[i].size, &len);
    measure(KINDS[i].what, span_of(file, len), len - 128);
    free(file);
  }
  char *file = make("<f4", "False", 4, &len);
  size_t packed;
  char *zip = pack(file, len, &packed);
  measure("float32, deflated in .npz", span_of(zip, packed), len - 128);
  free(zip);
  free(file);
  return 0;
}
