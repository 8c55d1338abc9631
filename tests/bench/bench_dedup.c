/* tests/bench/bench_dedup.c [ROWS [BYTES [THREADS [ONLY]]]] - duplicates, in MB of field text per CPU second (all
** threads together), each beside the floor it stands on, measured in the same run.
** Rows are ASCII, English-like (words of a made-up vocabulary of 20,000 by Zipf's law), one in
** five a near copy (up to 10% of its words changed) of one of the 1,000 rows before it and one in
** fifty an exact one. Best of several rounds. */
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "neardup/join.h"
#include "neardup/neardup.h"
#include "neardup/sketch.h"
#include "tests/fixture.h"
#include "text/fold.h"

enum { VOCABULARY = 20000, RING = 1000, WORDS = 2048, ROUNDS = 5 };

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- rows ---- */

static uint64_t state = 42;
static uint64_t next_random(void) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}
static unsigned below(unsigned n) { return (unsigned)(next_random() % n); }

static char word[VOCABULARY][16];
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
  for (int i = 0; i < VOCABULARY; i++) cumulative[i] /= sum;
}

static unsigned pick(void) {
  double u = (double)(next_random() >> 11) / 9007199254740992.0;
  int lo = 0, hi = VOCABULARY - 1;
  while (lo < hi) {
    int mid = (lo + hi) / 2;
    if (cumulative[mid] < u) lo = mid + 1; else hi = mid;
  }
  return (unsigned)lo;
}

typedef struct RowWords { unsigned n; uint16_t w[WORDS]; } RowWords;
static RowWords ring[RING];

static void make_words(RowWords *t, size_t row, size_t bytes) {
  unsigned kind = below(100);
  if (row > 0 && kind < 22) {
    *t = ring[(row - 1 - below(row < RING - 1 ? (unsigned)row : RING - 1)) % RING];
    unsigned share = kind < 2 ? 0 : below(11);
    for (unsigned i = 0; i < t->n; i++)
      if (below(100) < share) t->w[i] = (uint16_t)pick();
    return;
  }
  size_t used = 0;
  for (t->n = 0; used < bytes && t->n < WORDS; t->n++) {
    t->w[t->n] = (uint16_t)pick();
    used += strlen(word[t->w[t->n]]) + 1;
  }
}

static char *make_line(const RowWords *t) {
  char *line = malloc(t->n * 18 + 64), *p = line;
  p += sprintf(p, "{\"input\":\"");
  for (unsigned i = 0; i < t->n; i++) {
    if (i == t->n / 5) p += sprintf(p, "?\",\"output\":\"");
    char *from = p;
    p += sprintf(p, "%s%s", word[t->w[i]], t->w[i] % 13 == 5 ? ". " : " ");
    if (t->w[i] % 17 == 3) *from = (char)(*from - 32);
  }
  sprintf(p, ".\"}");
  return line;
}

static View *make_view(size_t n, size_t bytes) {
  char **line = malloc(n * sizeof *line);
  for (size_t i = 0; i < n; i++) {
    make_words(&ring[i % RING], i, bytes);
    line[i] = make_line(&ring[i % RING]);
  }
  Corpus *c = fixture_corpus((const char *const *)line, n);
  for (size_t i = 0; i < n; i++) free(line[i]);
  free(line);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

/* ---- what is measured ---- */

typedef struct Bench {
  const View *view, *gold;
  ViewTexts texts;
  Pool *pool;
  double mb;          /* of field text */
  size_t sum;         /* keeps the work from being left out */
  NeardupCounts counts;
  size_t rejected;
  const char *only;   /* measure what has this in its name */
} Bench;

static void read_fields(Bench *b) {
  Scratch *s = b->texts.scratch[0];
  for (size_t i = 0; i < b->texts.source.n; i++) {
    Row row = scratch_begin(s, b->view, b->texts.rows[i]);
    for (Field f = FIELD_INPUT; f <= FIELD_OUTPUT; f++) {
      Span t = row_field(&row, f);
      uint64_t sum = 0, w;
      for (size_t k = 0; k + 8 <= t.len; k += 8) {
        memcpy(&w, t.ptr + k, 8);
        sum += w;
      }
      b->sum += sum;
    }
  }
}

static void fold_only(Bench *b) {
  Grams g = { 0 };
  for (size_t i = 0; i < b->texts.source.n; i++) {
    grams_begin(&g, 5, 0);
    b->texts.source.fields(&b->texts.source, i, 0, &g);
    b->sum += g.len;
  }
  grams_free(&g);
}

static void fold_hash(Bench *b) {
  Grams g = { 0 };
  for (size_t i = 0; i < b->texts.source.n; i++) {
    grams_begin(&g, 5, 0);
    b->texts.source.fields(&b->texts.source, i, 0, &g);
    XXH128_hash_t h = XXH3_128bits(g.text, g.len);
    b->sum += h.low64 ^ h.high64;
  }
  grams_free(&g);
}

static void fold_gram_hash(Bench *b) {
  Grams g = { 0 };
  uint32_t h[512 + 8];
  for (size_t i = 0; i < b->texts.source.n; i++) {
    text_read(&b->texts.source, i, 0, &g, 5);
    for (size_t from = 0; from < g.n; from += 512) {
      size_t n = g.n - from < 512 ? g.n - from : 512;
      grams_hash(simd_best(), &g, from, n, h);
      b->sum += h[0] ^ h[n - 1];
    }
  }
  grams_free(&g);
}

/* Keeps the less of both, without a branch. */
static inline void lower(uint32_t *cell, uint32_t h) {
  uint32_t *c = &cell[h >> 25];
  *c ^= (*c ^ h) & -(uint32_t)(h < *c);
}

/* The least a sketch can do: fold, hash, and one update a shingle; the least hash of each of 128 cells, in four
** tables in turn so that an update does not wait for the one before. */
static void fold_update(Bench *b) {
  Grams g = { 0 };
  uint32_t h[512 + 8], cell[4][128];
  for (size_t i = 0; i < b->texts.source.n; i++) {
    text_read(&b->texts.source, i, 0, &g, 5);
    memset(cell, 0xFF, sizeof cell);
    for (size_t from = 0; from < g.n; from += 512) {
      size_t n = g.n - from < 512 ? g.n - from : 512, k = 0;
      grams_hash(simd_best(), &g, from, n, h);
      for (; k + 4 <= n; k += 4) {
        lower(cell[0], h[k]);
        lower(cell[1], h[k + 1]);
        lower(cell[2], h[k + 2]);
        lower(cell[3], h[k + 3]);
      }
      for (; k < n; k++) lower(cell[0], h[k]);
    }
    for (size_t c = 0; c < 128; c++) b->sum += cell[0][c] ^ cell[1][c] ^ cell[2][c] ^ cell[3][c];
  }
  grams_free(&g);
}

static void sketch_with(Bench *b, unsigned hashes, unsigned bands, unsigned rows, SimdPath path) {
  SketchPlan plan = sketch_plan(hashes, bands, rows, path);
  SketchRoom *room = sketch_room_new(&plan);
  Grams g = { 0 };
  uint32_t keys[SKETCH_MAX_BANDS];
  for (size_t i = 0; i < b->texts.source.n; i++) {
    text_read(&b->texts.source, i, 0, &g, 5);
    sketch_keys(&plan, room, &g, keys);
    b->sum += keys[0];
  }
  grams_free(&g);
  sketch_room_free(room);
}
static void sketch_128(Bench *b) { sketch_with(b, 128, 16, 8, simd_best()); }
static void sketch_256(Bench *b) { sketch_with(b, 256, 36, 7, simd_best()); }
static void sketch_portable(Bench *b) { sketch_with(b, 128, 16, 8, SIMD_PORTABLE); }

static void take(Bench *b, VerdictList *list) {
  b->rejected = list->n;
  verdicts_free(list);
}

static void exact(Bench *b) {
  Error err;
  take(b, neardup_exact(b->view, &(ExactStage){ .fields = NEARDUP_ALL_FIELDS }, b->pool, &err));
}
static void near_text(Bench *b, unsigned shingle, TextParams text, unsigned hashes, unsigned bands, unsigned rows, unsigned short_bands) {
  Error err;
  LeaderParams p = { .shingle = shingle, .text = text, .hashes = hashes, .bands = bands + short_bands, .rows = rows, .threshold = 0.8, .floor = 0.8, .path = simd_best(),
                     .short_bands = short_bands, .short_rows = 5, .short_most = 160 };
  TemplateParams t = { .share = 0.9, .least = 40, .rest = 20, .threshold = 0.8, .shingle = shingle, .unit = text.unit };
  take(b, neardup_leaders(b->view, NEARDUP_FIELDS, &p, &t, b->pool, &b->counts, &err));
}
static void near_with(Bench *b, unsigned hashes, unsigned bands, unsigned rows, unsigned short_bands) {
  near_text(b, 5, (TextParams){ 0 }, hashes, bands, rows, short_bands);
}
static void near_words(Bench *b) { near_text(b, 2, (TextParams){ .unit = GRAM_WORDS }, 256, 36, 7, 8); }
static void near_masked(Bench *b) {
  near_text(b, 5, (TextParams){ .mask = { .share = 0.2, .fewest = 10, .rest = 20 } }, 256, 36, 7, 8);
}
static void near_128(Bench *b) { near_with(b, 128, 16, 8, 0); }
static void near_256(Bench *b) { near_with(b, 256, 36, 7, 8); }
static void gold(Bench *b) {
  Error err;
  DecontaminateParams p = { .shingle = 5, .threshold = 0.8, .input_alone = 1 };
  take(b, neardup_decontaminate(b->view, b->gold, &p, b->pool, NULL, &err));
}

static void gold_overlap(Bench *b) {   /* scripts/stages/decontaminate.lua's defaults */
  Error err;
  OverlapParams o = { .ngram = 8, .common = 0.001, .common_texts = 20, .shortest = 4, .distance = 50, .answer_run = 3,
                      .answered = 0.5, .threshold = 0.4, .words = 13, .with_answer = 0.25, .contained = 1 };
  DecontaminateParams p = { .shingle = 5, .threshold = 0.8, .input_alone = 1, .overlap = &o };
  take(b, neardup_decontaminate(b->view, b->gold, &p, b->pool, NULL, &err));
}

static void join(Bench *b) {
  Error err;
  Join j;
  JoinParams p = { .shingle = 5, .threshold = 0.8, .path = simd_best() };
  if (join_find(&b->texts.source, &p, b->pool, &j, &err) != 0) exit(1);
  b->rejected = j.npairs;
  b->counts = (NeardupCounts){ .candidates = j.candidates, .verified = j.passes };
  join_free(&j);
}

static const double NOT_RUN = 1e9;

static double measure(Bench *b, const char *name, void (*fn)(Bench *)) {
  double best = NOT_RUN;
  if (b->only != NULL && strstr(name, b->only) == NULL) return best;
  for (int i = 0; i < ROUNDS; i++) {
    double t = cpu_s();
    fn(b);
    t = cpu_s() - t;
    if (t < best) best = t;
  }
  printf("%-34s %8.0f MB/s %8.2f us a row\n", name, b->mb / best, best * 1e6 / (double)b->texts.source.n);
  fflush(stdout);
  return best;
}

static void print_counts(const Bench *b) {
  printf("  rejected %zu, candidates %zu, verified %zu, groups %zu, largest %zu\n", b->rejected,
         b->counts.candidates, b->counts.verified, b->counts.groups, b->counts.largest);
}

int main(int argc, char **argv) {
  size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000, bytes = argc > 2 ? strtoull(argv[2], NULL, 10) : 1000;
  Bench b = { 0 };
  make_vocabulary();
  View *view = make_view(n, bytes), *gold_view = make_view(1000, bytes);
  uint32_t *rows = malloc((n + 1) * sizeof *rows);
  view_standing(view, rows);
  b.view = view;
  b.gold = gold_view;
  b.pool = pool_new(argc > 3 ? atoi(argv[3]) : 1);
  if (view_texts_init(&b.texts, view, rows, n, NEARDUP_FIELDS, 0, b.pool) != 0) return 1;
  for (size_t i = 0; i < n; i++) {
    const StringRef *s = corpus_row_strings(view->corpus, (uint32_t)i);
    b.mb += (s[0].len + s[1].len) / 1e6;
  }
  b.only = argc > 4 ? argv[4] : NULL;
  printf("%zu rows, %.0f MB of text, %d thread(s)\n", n, b.mb, pool_threads(b.pool));
  measure(&b, "limit: read fields (sum of words)", read_fields);
  measure(&b, "fold", fold_only);
  measure(&b, "fold + XXH3-128", fold_hash);
  double floor_s = measure(&b, "limit: fold + shingle hash (floor)", fold_gram_hash);
  double limit_s = measure(&b, "limit: floor + one update a shingle", fold_update);
  double s128 = measure(&b, "fold + sketch, 128 slots", sketch_128);
  double s256 = measure(&b, "fold + sketch, 256 slots", sketch_256);
  measure(&b, "fold + sketch, 128, portable", sketch_portable);
  if (measure(&b, "exact_dedup", exact) < NOT_RUN) printf("  rejected %zu\n", b.rejected);
  double near_s = measure(&b, "near_dedup, 128 slots, 16 bands", near_128);
  if (near_s < NOT_RUN) print_counts(&b);
  double near256_s = measure(&b, "near_dedup, 256 slots, 36 bands", near_256);
  if (near256_s < NOT_RUN) print_counts(&b);
  if (measure(&b, "near_dedup, shingles of 2 words", near_words) < NOT_RUN) print_counts(&b);
  if (measure(&b, "near_dedup, frequent ones masked", near_masked) < NOT_RUN) {
    print_counts(&b);
    printf("  %zu shingles masked\n", b.counts.masked);
  }
  if (measure(&b, "exact join", join) < NOT_RUN)
    printf("  %zu pairs, %zu candidates verified, %zu reading passes\n", b.rejected, b.counts.candidates, b.counts.verified);
  if (measure(&b, "decontaminate, 1000 gold rows", gold) < NOT_RUN) printf("  rejected %zu\n", b.rejected);
  if (measure(&b, "decontaminate, and runs of words", gold_overlap) < NOT_RUN) printf("  rejected %zu\n", b.rejected);
  if (b.only == NULL)
    printf("of the limit (floor + one update) are reached: sketch of 256 slots %.2f, near_dedup in memory %.2f\n",
           limit_s / s256, limit_s / near256_s);
  if (b.only == NULL) printf("sketch at %.2f, near_dedup at %.2f of the floor's speed\n", floor_s / s128, floor_s / near_s);
  struct rusage u;
  getrusage(RUSAGE_SELF, &u);
  printf("peak memory %ld MB (%ld MB of it the rows' text)\n", u.ru_maxrss / 1024, (long)b.mb);
  return b.sum == 0;
}
