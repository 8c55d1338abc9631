/* tests/bench/bench_cosine.c [ROWS [DIM [THRESHOLD]]] - pairs of cosine 0.92 and above: CPU seconds of the search and
** of blocked products of whole vectors by the library (512 x 512, upper triangle, looked through as they come), in the
** same run, and what was ruled out by what. Rows are topical: a part that all share, 300 topics, numbers that fall
** off as k^-0.35 and are turned so that no axis shows it; a tenth of them are near copies of another row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#endif

#include "cosine/search.h"
#include "vectors/dense.h"

enum { TOPICS = 300, TURNS = 12, BLOCK = 512 };

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t state;
static uint64_t next_random(void) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static double uniform(void) { return (double)(next_random() >> 11) / 9007199254740992.0; }
static float bell(void) {
  return (float)(sqrt(-2 * log(uniform() + 1e-300)) * cos(6.283185307179586 * uniform()));
}

/* Numbers of a length of about 1 that fall off as k^-0.35. */
static void draw(float *x, uint32_t dim) {
  double square = 0;
  for (uint32_t k = 0; k < dim; k++) square += pow(k + 1, -0.7);
  for (uint32_t k = 0; k < dim; k++) x[k] = bell() * (float)(pow(k + 1, -0.35) / sqrt(square));
}

static void turn(float *x, const float *axis, uint32_t dim) {
  for (int t = 0; t < TURNS; t++) {
    const float *a = axis + (size_t)t * dim;
    float along = 0;
    for (uint32_t k = 0; k < dim; k++) along += x[k] * a[k];
    for (uint32_t k = 0; k < dim; k++) x[k] -= 2 * along * a[k];
  }
}

static Vectors *make(uint32_t n, uint32_t dim) {
  Vectors *v;
  uint32_t *row = malloc(n * sizeof *row);
  float *x = malloc((size_t)n * dim * sizeof *x), *topic = malloc((size_t)(TOPICS + 1) * dim * sizeof *topic);
  float *axis = malloc((size_t)TURNS * dim * sizeof *axis), *noise = malloc(dim * sizeof *noise);
  for (int t = 0; t < TURNS; t++) {
    double square = 0;
    for (uint32_t k = 0; k < dim; k++) square += pow(axis[(size_t)t * dim + k] = bell(), 2);
    for (uint32_t k = 0; k < dim; k++) axis[(size_t)t * dim + k] /= (float)sqrt(square);
  }
  for (int t = 0; t <= TOPICS; t++) draw(topic + (size_t)t * dim, dim);
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  if (vectors_new(&v, n, row, n, dim, VECTOR_F32, "topical") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    float *to = x + (size_t)i * dim;
    const float *t = topic + (1 + next_random() % TOPICS) * dim;
    draw(noise, dim);
    for (uint32_t k = 0; k < dim; k++) to[k] = 0.45f * topic[k] + 0.6f * t[k] + 0.66f * noise[k];
    turn(to, axis, dim);
    if (i > 0 && next_random() % 10 == 0) {   /* a tenth: a cosine of 0.85 to 1 with an earlier row */
      const float *like = x + (next_random() % i) * dim, share = (float)(0.6 * uniform());
      for (uint32_t k = 0; k < dim; k++) to[k] = like[k] + share * to[k];
    }
    vectors_put(v, i, to);
  }
  vectors_close(v);
  free(row);
  free(x);
  free(topic);
  free(axis);
  free(noise);
  return v;
}

/* The library's own product, on one thread, whatever dense.h makes of it. */
static void library_nt(size_t m, size_t n, size_t k, const float *a, const float *b, float *c) {
#ifdef HAVE_OPENBLAS
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1, a, (int)k, b, (int)k, 0, c, BLOCK);
#else
  dense_nt(m, n, k, a, k, b, k, c, BLOCK);
#endif
}

/* Blocks of products by the library, and vectors_cosine of what comes near the threshold. */
static size_t brute(const Vectors *v, double threshold, CosinePair **pair) {
  size_t n = 0, room = 0;
  float *c = malloc((size_t)BLOCK * BLOCK * sizeof *c);
  const float *x = v->data, least = (float)(threshold - 0.001);
  for (uint32_t a = 0; a < v->n; a += BLOCK)
    for (uint32_t b = a; b < v->n; b += BLOCK) {
      const uint32_t m = v->n - a < BLOCK ? v->n - a : BLOCK, w = v->n - b < BLOCK ? v->n - b : BLOCK;
      library_nt(m, w, v->dim, x + (size_t)a * v->dim, x + (size_t)b * v->dim, c);
      for (uint32_t i = 0; i < m; i++) {
        const float *p = c + (size_t)i * BLOCK;
        for (uint32_t j = 0; j < w; j += 64) {
          float high = -2;
          for (uint32_t k = j; k < w && k < j + 64; k++) high = p[k] > high ? p[k] : high;
          for (uint32_t k = j; high >= least && k < w && k < j + 64; k++) {
            if (p[k] < least || b + k <= a + i) continue;
            const double cosine = vectors_cosine(v, a + i, b + k);
            if (cosine < threshold) continue;
            if (n == room) *pair = realloc(*pair, (room = room * 2 + 4096) * sizeof **pair);
            (*pair)[n++] = (CosinePair){ a + i, b + k, cosine };
          }
        }
      }
    }
  free(c);
  return n;
}

static int by_place(const void *a, const void *b) {
  const CosinePair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

static int same(const CosinePair *a, const CosinePair *b, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (a[i].a != b[i].a || a[i].b != b[i].b || a[i].cosine != b[i].cosine) return 0;
  return 1;
}

int main(int argc, char **argv) {
  const uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 50000, dim = argc > 2 ? (uint32_t)atoi(argv[2]) : 384;
  CosineParams p = { .threshold = argc > 3 ? atof(argv[3]) : 0.92 };
  const int measure = getenv("TAMIS_BENCH_FAST") == NULL;
  CosinePairs got;
  CosinePair *pair = NULL;
  Error err;
  state = 1;
  Vectors *v = make(n, dim);
  double mean = 0;
  for (uint32_t i = 0; i < 20000; i++) mean += vectors_cosine(v, (uint32_t)(next_random() % n), i % n);
  printf("%u rows of %u, mean cosine %.2f; %s\n", n, dim, mean / 20000, dense_library());
  double begun = cpu_s();
  if (cosine_pairs(v, NULL, n, &p, NULL, &got, &err) != 0) return fprintf(stderr, "%s\n", err.text), 1;
  const double fast = cpu_s() - begun;
  const CosineFigures *f = &got.figures;
  const double all = (double)f->pairs / 100;
  printf("search   %7.2f CPU s  %zu pairs; prepared in %.2f s, searched in %.2f s, settled in %.2f s\n", fast, got.n,
         f->prepare_s, f->search_s, f->settle_s);
  printf("         %u cells, heads of %u; ruled out by cells %.2f%%, by rings %.2f%%, by heads %.4f%%; verdicts %.6f%%"
         "\n",
         f->clusters, f->head, (double)f->by_cluster / all, (double)f->by_annulus / all, (double)f->by_head / all,
         (double)f->proposed / all);
  if (measure) {
    begun = cpu_s();
    const size_t hits = brute(v, p.threshold, &pair);
    const double slow = cpu_s() - begun;
    qsort(pair, hits, sizeof *pair, by_place);
    printf("products %7.2f CPU s  %zu pairs, %s; %.0f Mpairs/s\n", slow, hits,
           hits == got.n && same(pair, got.pair, hits) ? "the same" : "NOT THE SAME", (double)f->pairs / slow / 1e6);
    printf("times    %7.1f\n", slow / fast);
  }
  cosine_pairs_free(&got);
  free(pair);
  vectors_unref(v);
  return 0;
}
