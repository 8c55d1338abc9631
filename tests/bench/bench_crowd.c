/* tests/bench/bench_crowd.c [ROWS] - near_dedup where all rows are of one group: CPU seconds, and how they
** grow with the number of rows. TAMIS_BENCH_LARGE=1 adds the sizes that take minutes.
**   bodies     rows that share 3/4 of their text (J = 0.6, below the threshold): all are kept
**   numbers    one template with a different number in each row: one is kept
**   templates  rows of five templates, each with two numbers
** Each by leader, by components, and with all pairs at 0.6 as evidence. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "neardup/leaders.h"
#include "neardup/sketch.h"

enum { VOCABULARY = 8000, MOST = 1100, TEMPLATE = 700 };

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
static unsigned below(unsigned n) { return (unsigned)(next_random() % n); }

static char word[VOCABULARY][12];
static double cumulative[VOCABULARY];

static void make_vocabulary(void) {
  static const char letters[] = "etaoinshrdlcumwfgypbvkjxqz";
  double sum = 0;
  for (int i = 0; i < VOCABULARY; i++) {
    unsigned n = 2 + below(4) + below(5);
    for (unsigned k = 0; k < n; k++) {
      unsigned a = below(26), b = below(26);
      word[i][k] = letters[a < b ? a : b];
    }
    cumulative[i] = sum += 1.0 / (i + 2.7);
  }
}

/* Words by Zipf's law until `bytes` are there. */
static size_t put_words(char *to, size_t bytes) {
  size_t len = 0;
  while (len < bytes) {
    double u = (double)(next_random() >> 11) / 9007199254740992.0 * cumulative[VOCABULARY - 1];
    int lo = 0, hi = VOCABULARY - 1;
    while (lo < hi) {
      int mid = (lo + hi) / 2;
      if (cumulative[mid] < u) lo = mid + 1; else hi = mid;
    }
    len += (size_t)sprintf(to + len, "%s ", word[lo]);
  }
  return len;
}

static char template[5][TEMPLATE + 20];

static size_t body(char *to, size_t row) {
  (void)row;
  memcpy(to, template[0], TEMPLATE);
  return TEMPLATE + put_words(to + TEMPLATE, 220);
}
static size_t number(char *to, size_t row) {
  memcpy(to, template[0], TEMPLATE);
  return TEMPLATE + (size_t)sprintf(to + TEMPLATE, " your number is %07zu", row);
}
static size_t five(char *to, size_t row) {
  const char *t = template[row % 5];
  size_t cut = TEMPLATE / 3;
  memcpy(to, t, cut);
  size_t len = cut + (size_t)sprintf(to + cut, " order %u ", below(10000000));
  memcpy(to + len, t + cut, TEMPLATE - cut);
  len += TEMPLATE - cut;
  return len + (size_t)sprintf(to + len, " since %u", below(100000));
}

typedef struct Case { const char *name; size_t (*make)(char *to, size_t row); } Case;

typedef struct Way { const char *name; ClusterMode mode; double floor; } Way;

static void measure(const Case *c, const Way *way, size_t n) {
  char *room = malloc(n * MOST);
  Span *span = malloc(n * sizeof *span);
  size_t bytes = 0;
  if (room == NULL || span == NULL) exit(1);
  for (size_t i = 0; i < n; i++) {
    span[i] = span_of(room + i * MOST, c->make(room + i * MOST, i));
    bytes += span[i].len;
  }
  SpanTexts texts = span_texts(span, n, 1);
  LeaderParams p = { .shingle = 5, .hashes = 256, .threshold = 0.8, .floor = way->floor, .mode = way->mode,
                     .evidence = way->floor < 0.8, .evidence_pairs = 50, .path = simd_best() };
  sketch_solve(p.hashes, p.floor, 0.999, &p.bands, &p.rows);
  Leaders found;
  Error err;
  double t = cpu_s();
  if (leaders_find(&texts.source, &p, NULL, &found, &err) != 0) exit(1);
  t = cpu_s() - t;
  printf("%-10s %-10s %8zu rows %8.2f CPU s %8.2f us a row %6.0f MB/s; kept %zu, pairs %zu, candidates %zu, verified %zu\n",
         c->name, way->name, n, t, t * 1e6 / (double)n, (double)bytes / 1e6 / t, n - found.rejected, found.npairs,
         found.candidates, found.verified);
  fflush(stdout);
  leaders_free(&found);
  free(room);
  free(span);
}

int main(int argc, char **argv) {
  static const Case bodies = { "bodies", body }, numbers = { "numbers", number }, fives = { "templates", five };
  static const Way way[] = { { "leader", CLUSTER_LEADER, 0.8 }, { "components", CLUSTER_COMPONENTS, 0.8 },
                             { "evidence", CLUSTER_LEADER, 0.6 } };
  const char *large = getenv("TAMIS_BENCH_LARGE");
  state = 42;
  make_vocabulary();
  for (int i = 0; i < 5; i++) put_words(template[i], TEMPLATE);
  if (argc > 1) {
    for (int w = 0; w < 3; w++) measure(&bodies, &way[w], strtoull(argv[1], NULL, 10));
    return 0;
  }
  for (int w = 0; w < 3; w++) {
    measure(&bodies, &way[w], 10000);
    measure(&bodies, &way[w], 20000);
    if (w < 2) measure(&bodies, &way[w], 40000);
    measure(&numbers, &way[w], 100000);
    measure(&fives, &way[w], 100000);
  }
  if (large == NULL || *large == '\0') return 0;
  measure(&bodies, &way[0], 100000);
  measure(&numbers, &way[0], 1000000);
  measure(&fives, &way[0], 1000000);
  return 0;
}
