/* tests/test_neardup.c - the exact Jaccard, sketches, groups and leaders, against brute force. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "neardup/leaders_exact.h"
#include "neardup/lsh.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"

/* ---- random numbers and texts ---- */

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

/* A text of so many letters of an alphabet; now and then two bytes wide. */
static Span random_text(char *room, size_t letters, unsigned alphabet, int wide) {
  size_t n = 0;
  for (size_t i = 0; i < letters; i++) {
    uint32_t c = draw(alphabet);
    if (wide && c == 0) {
      memcpy(room + n, "\xC3\xA9", 2);   /* é */
      n += 2;
    } else {
      room[n++] = (char)('a' + c);
    }
  }
  return span_of(room, n);
}

/* ---- brute force: sets of code point windows by plain comparison ---- */

enum { BRUTE = 4096 };
static size_t brute_windows(Span t, unsigned n, Span *out) {
  size_t starts[BRUTE], ncp = 0, made = 0;
  for (size_t i = 0; i < t.len; i++)
    if ((t.ptr[i] & 0xC0) != 0x80) starts[ncp++] = i;
  if (ncp < n) {
    out[0] = t;
    return 1;
  }
  starts[ncp] = t.len;
  for (size_t i = 0; i + n <= ncp; i++) {
    Span w = span_of(t.ptr + starts[i], starts[i + n] - starts[i]);
    size_t k = 0;
    while (k < made && !span_eq(out[k], w)) k++;
    if (k == made) out[made++] = w;
  }
  return made;
}

static void brute_jaccard(Span a, Span b, unsigned n, size_t *common, size_t *all) {
  static Span x[BRUTE], y[BRUTE];
  size_t nx = brute_windows(a, n, x), ny = brute_windows(b, n, y);
  *common = 0;
  for (size_t i = 0; i < nx; i++)
    for (size_t k = 0; k < ny; k++) *common += span_eq(x[i], y[k]);
  *all = nx + ny - *common;
}

/* ---- the exact Jaccard ---- */

static void exact_jaccard_equals_brute_force(void) {
  seed = 1;
  Grams a = { 0 }, b = { 0 };
  GramTable t = { 0 };
  for (int round = 0; round < 4000; round++) {
    char ra[300], rb[300];
    int wide = (int)draw(3) == 0;
    unsigned n = 1 + draw(10), alphabet = 2 + draw(3);
    Span x = random_text(ra, draw(90), alphabet, wide), y = random_text(rb, draw(90), alphabet, wide);
    if (draw(2)) {   /* a near copy */
      memcpy(rb, x.ptr, x.len);
      y = span_of(rb, x.len);
      if (x.len > 0 && !wide) rb[draw((uint32_t)x.len)] = 'z';
    }
    size_t common, all, want_common, want_all;
    brute_jaccard(x, y, n, &want_common, &want_all);
    CHECK(grams_of(&a, x, n, 0) == 0 && grams_of(&b, y, n, 0) == 0);
    CHECK(gram_table_fill(&t, &a) == 0);
    double jaccard = (double)want_common / (double)want_all;
    CHECK(gram_table_compare(&t, &b, 0, &common, &all) == 1);
    CHECK((double)common / (double)all == jaccard);
    /* the figure itself is a floor that it reaches, the next double above is not */
    CHECK(gram_table_compare(&t, &b, jaccard, &common, &all) == 1);
    CHECK(gram_table_compare(&t, &b, nextafter(jaccard, 2), &common, &all) == 0);
    CHECK(gram_table_compare(&t, &b, 0, &common, &all) == 1);   /* and leaves the table as it was */
    CHECK((double)common / (double)all == jaccard);
  }
  grams_free(&a);
  grams_free(&b);
  gram_table_free(&t);
}

static void long_texts_of_moved_parts_equal_brute_force(void) {
  seed = 2;
  Grams a = { 0 }, b = { 0 };
  GramTable t = { 0 };
  enum { MOST_LETTERS = 1200 };
  for (int round = 0; round < 150; round++) {
    char ra[2 * MOST_LETTERS], rb[MOST_LETTERS];
    unsigned alphabet = 2 + draw(25), n = 1 + draw(8);
    Span x = random_text(ra, 100 + draw(MOST_LETTERS - 100), alphabet, round % 5 == 0 && alphabet > 9);
    size_t len = 0, want = draw(MOST_LETTERS);
    while (len < want) {   /* parts of x, in order or not, and letters between */
      size_t from = draw(3) ? len % x.len : draw((uint32_t)x.len), part = 1 + draw(200);
      if (part > x.len - from) part = x.len - from;
      if (part > want - len) part = want - len;
      memcpy(rb + len, x.ptr + from, part);
      len += part;
      if (len < want && draw(2)) rb[len++] = (char)('a' + draw(26));
    }
    Span y = span_of(rb, len);
    for (size_t i = 0; i < len; i++)
      if (y.ptr[i] & 0x80) rb[i] = 'a';
    size_t common, all, want_common, want_all;
    brute_jaccard(x, y, n, &want_common, &want_all);
    double jaccard = (double)want_common / (double)want_all;
    CHECK(grams_of(&a, x, n, 0) == 0 && grams_of(&b, y, n, 0) == 0);
    CHECK(gram_table_fill(&t, &a) == 0);
    CHECK(gram_table_compare(&t, &b, jaccard, &common, &all) == 1);
    CHECK(common == want_common && all == want_all);
    CHECK(gram_table_compare(&t, &b, nextafter(jaccard, 2), &common, &all) == 0);
    CHECK(gram_table_compare(&t, &b, 0, &common, &all) == 1 && common == want_common && all == want_all);
  }
  grams_free(&a);
  grams_free(&b);
  gram_table_free(&t);
}

static void four_of_five_reaches_four_fifths(void) {
  Grams a = { 0 }, b = { 0 };
  size_t common, all;
  grams_of(&a, span_str("abcdefgh"), 5, 0);    /* abcde bcdef cdefg defgh */
  grams_of(&b, span_str("abcdefghi"), 5, 0);   /* and efghi */
  CHECK(grams_compare(&a, &b, 0.8, &common, &all) == 1);
  CHECK(common == 4 && all == 5);
  CHECK(grams_compare(&a, &b, nextafter(0.8, 1), &common, &all) == 0);
  grams_free(&a);
  grams_free(&b);
}

static void a_long_repetitive_text_needs_little_room(void) {
  Grams a = { 0 };
  GramTable t = { 0 };
  size_t len = 1 << 20;
  char *text = malloc(len);
  memset(text, 'a', len);
  CHECK(grams_of(&a, span_of(text, len), 5, 0) == 0);
  CHECK(gram_table_fill(&t, &a) == 0);
  CHECK(t.distinct == 1 && t.made <= 17);
  for (size_t i = 0; i < len; i++) text[i] = (char)('a' + draw(26));
  CHECK(grams_of(&a, span_of(text, len), 8, 0) == 0);
  CHECK(gram_table_fill(&t, &a) == 0);
  CHECK(t.distinct > len - 100);
  size_t common, all;
  CHECK(gram_table_compare(&t, &a, 1, &common, &all) == 1 && common == t.distinct && all == common);
  free(text);
  grams_free(&a);
  gram_table_free(&t);
}

static void the_bitmap_turns_no_match_away(void) {
  seed = 3;
  Grams a = { 0 }, b = { 0 };
  GramTable x = { 0 }, y = { 0 };
  for (int round = 0; round < 3000; round++) {
    char ra[2000], rb[2000];
    Span s = random_text(ra, 5 + draw(600), 2 + draw(25), 0);
    memcpy(rb, s.ptr, s.len);
    for (uint32_t k = draw(12); k > 0; k--) rb[draw((uint32_t)s.len)] = (char)('a' + draw(26));
    size_t common, all;
    grams_of(&a, s, 5, 0);
    grams_of(&b, span_of(rb, s.len), 5, 0);
    CHECK(gram_table_fill(&x, &a) == 0 && gram_table_fill(&y, &b) == 0);
    CHECK(gram_table_compare(&x, &b, 0, &common, &all) == 1);
    double jaccard = (double)common / (double)all;
    CHECK(gram_bitmap_allows(x.bitmap, x.distinct, y.bitmap, y.distinct, jaccard));
  }
  grams_free(&a);
  grams_free(&b);
  gram_table_free(&x);
  gram_table_free(&y);
}

/* ---- shingles and sketches ---- */

static void ascii_and_code_point_paths_give_the_same_tokens(void) {
  Grams ascii = { 0 }, mixed = { 0 };
  for (unsigned n = 1; n <= 8; n++) {
    grams_of(&ascii, span_str("hello, wide world"), n, 0);
    grams_of(&mixed, span_str("hello, wide world\xC3\xA9"), n, 0);
    CHECK(ascii.kind == GRAMS_NARROW && mixed.kind == GRAMS_WIDE && mixed.n == ascii.n + 1);
    int same = 1;
    for (size_t i = 0; i < ascii.n; i++) same &= gram_token(&ascii, i) == gram_token(&mixed, i);
    CHECK(same);
    CHECK(gram_token(&mixed, mixed.n - 1) >> 63 == 1);
  }
  grams_free(&ascii);
  grams_free(&mixed);
}

static void a_shingle_counts_code_points(void) {
  Grams g = { 0 };
  grams_of(&g, span_str("\xE4\xBD\xA0\xE5\xA5\xBD\xF0\x9F\x98\x80 e\xCC\x81"), 5, 0);   /* 6 of 1 to 4 bytes */
  CHECK(g.kind == GRAMS_WIDE && g.n == 2);
  grams_of(&g, span_str("\xE4\xBD\xA0\xE5\xA5\xBD"), 5, 0);   /* 6 bytes, but two */
  CHECK(g.kind == GRAMS_WHOLE && g.n == 1 && grams_length(&g) == 2);
  grams_of(&g, span_of("a\0b\0c\0", 6), 5, 0);
  CHECK(g.kind == GRAMS_NARROW && g.n == 2);
  grams_free(&g);
}

static void every_path_gives_the_same_slots_and_keys(void) {
  seed = 5;
  Grams g = { 0 };
  char *room = malloc(40000);
  for (int round = 0; round < 600; round++) {
    unsigned hashes = 8 + draw(504), rows = 1 + draw(round % 50 == 0 ? hashes : 8), bands = hashes / rows;
    if (bands > SKETCH_MAX_BANDS - 9) bands = SKETCH_MAX_BANDS - 9;
    SketchPlan plan = sketch_plan(hashes, bands, rows, SIMD_PORTABLE);
    plan.short_bands = draw(10);
    plan.short_rows = 1 + draw(hashes / 8);
    plan.short_most = draw(300);
    Span t = random_text(room, draw(round % 20 == 0 ? 20000 : 400), 1 + draw(26), draw(4) == 0);
    CHECK(grams_of(&g, t, 1 + draw(9), 0) == 0);
    uint32_t keys[SIMD_PATHS][SKETCH_MAX_BANDS], slots[SIMD_PATHS][SKETCH_MAX_HASHES];
    for (SimdPath p = SIMD_PORTABLE; p < SIMD_PATHS; p++) {
      if (!simd_has(p)) continue;
      plan.path = p;
      SketchRoom *r = sketch_room_new(&plan);
      unsigned used = sketch_keys(&plan, r, &g, keys[p]);
      CHECK(used == bands + (g.n <= plan.short_most ? plan.short_bands : 0));
      CHECK(memcmp(keys[p], keys[SIMD_PORTABLE], used * sizeof **keys) == 0);
      sketch_slots(&plan, r, &g, slots[p]);
      CHECK(memcmp(slots[p], slots[SIMD_PORTABLE], plan.registers * SKETCH_LANES * sizeof **slots) == 0);
      sketch_room_free(r);
    }
  }
  free(room);
  grams_free(&g);
}

static void slots_agree_as_often_as_the_sets_do(void) {
  /* Two texts of the same 26 letters in random order share few shingles by chance, so J is made:
  ** a shared part and two parts of their own. Mean over 200 pairs against the exact figures;
  ** 4 standard errors of 128 slots x 200 pairs, with the slots taken as independent. */
  seed = 11;
  static const size_t shared[] = { 60, 150, 700 };
  SketchPlan plan = sketch_plan(128, 16, 8, simd_best());
  SketchRoom *room = sketch_room_new(&plan);
  Grams a = { 0 }, b = { 0 };
  for (size_t s = 0; s < 3; s++) {
    double estimate = 0, exact = 0;
    for (int pair = 0; pair < 200; pair++) {
      char x[2000], y[2000];
      uint32_t sx[128], sy[128];
      size_t common, all, own = shared[s] / 8;
      random_text(x, shared[s] + own, 26, 0);
      memcpy(y, x, shared[s]);
      random_text(y + shared[s], own, 26, 0);
      grams_of(&a, span_of(x, shared[s] + own), 5, 0);
      grams_of(&b, span_of(y, shared[s] + own), 5, 0);
      CHECK(grams_compare(&a, &b, 0, &common, &all) == 1);
      exact += (double)common / (double)all / 200;
      sketch_slots(&plan, room, &a, sx);
      sketch_slots(&plan, room, &b, sy);
      for (int i = 0; i < 128; i++) estimate += (sx[i] == sy[i]) / (128.0 * 200);
    }
    CHECK(fabs(estimate - exact) < 4 * sqrt(exact * (1 - exact) / (128.0 * 200)));
  }
  grams_free(&a);
  grams_free(&b);
  sketch_room_free(room);
}

/* A text of `letters` and one with so many letters changed that the Jaccard of their shingles is at
** least the threshold, but would not be with one change more. */
static void boundary_pair(char *x, char *y, size_t letters, double threshold, Grams *a, Grams *b) {
  size_t common, all;
  random_text(x, letters, 26, 0);
  memcpy(y, x, letters);
  grams_of(a, span_of(x, letters), 5, 0);
  for (;;) {
    size_t at = draw((uint32_t)letters);
    char was = y[at];
    y[at] = (char)('a' + draw(26));
    grams_of(b, span_of(y, letters), 5, 0);
    if (grams_compare(a, b, threshold, &common, &all)) continue;
    y[at] = was;
    grams_of(b, span_of(y, letters), 5, 0);
    return;
  }
}

static void pairs_at_the_threshold_are_proposed_whatever_their_length(void) {
  /* What the stage solves for these thresholds; the goal is a recall of 0.999. A count of misses
  ** whose mean is 0.001 a pair stays below the mean and four standard deviations. */
  static const struct { double threshold; unsigned hashes, bands, rows, short_rows; } plans[] = {
    { 0.5, 512, 128, 4, 2 }, { 0.7, 256, 51, 5, 3 }, { 0.8, 256, 36, 7, 5 }, { 0.9, 128, 16, 8, 6 }
  };
  static const size_t letters[] = { 20, 30, 50, 70, 100, 140, 200, 400 };
  enum { PAIRS = 1500 };
  Grams a = { 0 }, b = { 0 };
  seed = 43;
  for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
    SketchPlan plan = sketch_plan(plans[i].hashes, plans[i].bands, plans[i].rows, simd_best());
    plan.short_bands = 8;
    plan.short_rows = plans[i].short_rows;
    plan.short_most = 160;
    SketchRoom *room = sketch_room_new(&plan);
    for (size_t l = 0; l < sizeof letters / sizeof *letters; l++) {
      unsigned missed = 0;
      for (int pair = 0; pair < PAIRS; pair++) {
        char x[400], y[400];
        uint32_t kx[SKETCH_MAX_BANDS], ky[SKETCH_MAX_BANDS];
        boundary_pair(x, y, letters[l], plans[i].threshold, &a, &b);
        unsigned used = sketch_keys(&plan, room, &a, kx), met = 0;
        CHECK(sketch_keys(&plan, room, &b, ky) == used);
        for (unsigned k = 0; k < used; k++) met += kx[k] == ky[k];
        missed += met == 0;
      }
      CHECK(missed <= PAIRS * 0.001 + 4 * sqrt(PAIRS * 0.001));
    }
    sketch_room_free(room);
  }
  grams_free(&a);
  grams_free(&b);
}

static void only_short_texts_have_the_bands_of_short_texts(void) {
  SketchPlan plan = sketch_plan(64, 4, 8, simd_best());
  plan.short_bands = 3;
  plan.short_rows = 5;
  plan.short_most = 10;
  SketchRoom *room = sketch_room_new(&plan);
  Grams g = { 0 };
  uint32_t keys[8];
  grams_of(&g, span_str("fourteen bytes"), 5, 0);
  CHECK(g.n == 10 && sketch_keys(&plan, room, &g, keys) == 7);
  grams_of(&g, span_str("fifteen letters"), 5, 0);
  CHECK(g.n == 11 && sketch_keys(&plan, room, &g, keys) == 4);
  lsh_pad(keys, 4, lsh_stride(7), 9);
  for (int k = 4; k < 8; k++) CHECK(keys[k] == 9);
  grams_free(&g);
  sketch_room_free(room);
}

static void the_curve_is_the_formula_and_the_solver_meets_its_goal(void) {
  CHECK(fabs(sketch_curve(16, 8, 0.8) - 0.947) < 0.0005);   /* table of the literature */
  CHECK(fabs(sketch_curve(36, 7, 0.5) - 0.246) < 0.0005);
  unsigned bands, rows;
  sketch_solve(256, 0.8, 0.999, &bands, &rows);
  CHECK(rows == 7 && sketch_curve(bands, rows, 0.8) >= 0.999 && bands * rows <= 256);
  CHECK(sketch_curve(bands - 1, rows, 0.8) < 0.999);
  sketch_solve(128, 0.05, 0.999, &bands, &rows);
  CHECK(rows == 1);
}

/* ---- groups ---- */

static void groups_are_what_shared_keys_connect(void) {
  seed = 13;
  enum { N = 300, BANDS = 5 };
  size_t stride = lsh_stride(BANDS);
  uint32_t keys[N * 8], root[N], want[N];
  for (int round = 0; round < 50; round++) {
    for (uint32_t i = 0; i < N; i++) {
      for (unsigned b = 0; b < BANDS; b++) keys[i * stride + b] = (1 + draw(2000)) * 0x10001u;
      lsh_pad(keys + i * stride, BANDS - draw(2), stride, i);   /* half of the texts lack the last band */
      want[i] = i;
    }
    for (int changed = 1; changed;) {
      changed = 0;
      for (uint32_t i = 0; i < N; i++)
        for (uint32_t k = 0; k < N; k++)
          for (unsigned b = 0; b < BANDS; b++)
            if (keys[i * stride + b] == keys[k * stride + b] && want[k] < want[i]) {
              want[i] = want[k];
              changed = 1;
            }
    }
    Pool *pool = pool_new(1 + (int)draw(4));
    CHECK(lsh_groups(keys, N, BANDS, stride, NULL, NULL, pool, root) == 0);
    CHECK(memcmp(root, want, sizeof root) == 0);
    pool_free(pool);
  }
}

/* ---- leaders against brute force ---- */

typedef struct Made { char *room; Span *span; size_t n; } Made;

/* Texts in families: copies, copies with some letters changed, cut or added, and strangers. */
static Made make_texts(size_t n, unsigned alphabet, int wide) {
  enum { MOST = 240 };
  Made m = { malloc(n * MOST), malloc(n * sizeof(Span)), n };
  for (size_t i = 0; i < n; i++) {
    char *room = m.room + i * MOST;
    m.span[i] = random_text(room, draw(100), alphabet, wide);
    if (i == 0 || draw(4) == 0) continue;
    Span from = m.span[draw((uint32_t)i)];
    memcpy(room, from.ptr, from.len);
    m.span[i].len = from.len;
    for (uint32_t edits = draw(4); edits > 0 && from.len > 0; edits--) {
      size_t at = draw((uint32_t)from.len);
      if ((room[at] & 0x80) == 0) room[at] = (char)('a' + draw(alphabet));
    }
    if (draw(3) == 0 && m.span[i].len < MOST - 10) room[m.span[i].len++] = (char)('a' + draw(alphabet));
  }
  return m;
}

static void made_free(Made *m) {
  free(m->room);
  free(m->span);
}

static LeaderParams params(unsigned bands, unsigned rows) {
  return (LeaderParams){ .shingle = 5, .hashes = bands * rows, .bands = bands, .rows = rows,
                         .threshold = 0.8, .floor = 0.8, .path = simd_best() };
}

/* Leaders over all pairs: the definition. */
static void brute_leaders(const Made *m, const LeaderParams *p, const uint32_t *order, uint32_t *twin,
                          double *jaccard) {
  for (size_t v = 0; v < m->n; v++) {
    uint32_t i = order[v];
    twin[i] = TEXT_NONE;
    jaccard[i] = NAN;
    for (size_t w = 0; w < v; w++) {
      uint32_t k = order[w];
      size_t common, all;
      if (twin[k] != TEXT_NONE || (p->barred != NULL && p->barred[k])) continue;
      brute_jaccard(m->span[i], m->span[k], p->shingle, &common, &all);
      double j = (double)common / (double)all;
      if (j < p->threshold || (twin[i] != TEXT_NONE && j <= jaccard[i])) continue;
      twin[i] = k;
      jaccard[i] = j;
    }
  }
}

static void leaders_equal_brute_force(void) {
  seed = 17;
  for (int round = 0; round < 60; round++) {
    size_t n = 40 + draw(120);
    Made m = make_texts(n, 2 + draw(24), round % 3 == 0);
    /* one slot a band and many of them: every pair worth a look is proposed */
    LeaderParams p = params(128, 1);
    static const double thresholds[] = { 0.8, 0.5, 2.0 / 3, 0.9, 1, 0.75 };
    p.threshold = p.floor = thresholds[draw(6)];
    p.shingle = 1 + draw(10);
    uint32_t *order = malloc(n * 4), *twin = malloc(n * 4);
    double *jaccard = malloc(n * 8), *rank = malloc(n * 8);
    uint8_t *first = malloc(n), *barred = malloc(n);
    for (uint32_t i = 0; i < n; i++) {
      order[i] = i;
      rank[i] = draw(5);
      first[i] = draw(10) == 0 ? (uint8_t)(1 + draw(3)) : 0;
      barred[i] = draw(3) == 0;
    }
    if (round % 4 >= 2) p.barred = barred;
    if (round % 2) {
      p.rank = rank;
      p.first = first;
      for (size_t i = 1; i < n; i++)   /* insertion sort: stable */
        for (size_t k = i; k > 0; k--) {
          uint32_t a = order[k - 1], b = order[k];
          int swap = first[a] != first[b] ? first[b] > first[a] : rank[b] > rank[a];
          if (!swap) break;
          order[k - 1] = b;
          order[k] = a;
        }
    }
    brute_leaders(&m, &p, order, twin, jaccard);
    SpanTexts texts = span_texts(m.span, n, 1);
    Leaders got;
    Error err;
    CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
    int same = 1;
    for (size_t i = 0; i < n; i++)
      same &= got.twin[i] == twin[i] && (twin[i] == TEXT_NONE || got.jaccard[i] == jaccard[i]);
    CHECK(same);
    for (size_t i = 0; i < got.npairs; i++) CHECK(got.pair[i].jaccard >= p.threshold);
    Leaders exact;
    p.bands = 2;   /* the sketches miss most; the join does not */
    p.rows = 60;
    CHECK(leaders_exact(&texts.source, &p, NULL, &exact, &err) == 0);
    same = exact.rejected == got.rejected;
    for (size_t i = 0; i < n; i++)
      same &= exact.twin[i] == twin[i] && (twin[i] == TEXT_NONE || exact.jaccard[i] == jaccard[i]);
    CHECK(same);
    leaders_free(&exact);
    leaders_free(&got);
    free(order);
    free(twin);
    free(jaccard);
    free(rank);
    free(first);
    free(barred);
    made_free(&m);
  }
}

static void threads_and_paths_do_not_show(void) {
  seed = 19;
  Made m = make_texts(3000, 6, 1);
  SpanTexts texts = span_texts(m.span, m.n, 1);
  LeaderParams p = params(16, 8);
  Leaders one;
  Error err;
  CHECK(leaders_find(&texts.source, &p, NULL, &one, &err) == 0);
  CHECK(one.rejected > 500);
  static const int threads[SIMD_PATHS] = { 2, 7, 3, 1 };
  for (SimdPath t = SIMD_PORTABLE; t < SIMD_PATHS; t++) {
    Pool *pool = pool_new(threads[t]);
    Leaders more;
    p.path = simd_has(t) ? t : simd_best();
    CHECK(leaders_find(&texts.source, &p, pool, &more, &err) == 0);
    CHECK(memcmp(one.twin, more.twin, m.n * 4) == 0);
    CHECK(memcmp(one.jaccard, more.jaccard, m.n * 8) == 0);
    CHECK(one.npairs == more.npairs && memcmp(one.pair, more.pair, one.npairs * sizeof *one.pair) == 0);
    CHECK(one.verified == more.verified && one.candidates == more.candidates);
    leaders_free(&more);
    pool_free(pool);
  }
  leaders_free(&one);
  made_free(&m);
}

/* Runs the texts at the document's defaults; how many were rejected. */
static size_t rejected_of(const Span *span, size_t n, size_t fields) {
  SpanTexts texts = span_texts(span, n, fields);
  LeaderParams p = params(16, 8);
  Leaders got;
  Error err;
  CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
  size_t rejected = got.rejected;
  leaders_free(&got);
  return rejected;
}

static void short_rows_are_compared_exactly(void) {
  Span s[] = { span_str("cat"), span_str("dog"), span_str("Cat "), span_str(""), span_str("cats"), span_str(" ") };
  CHECK(rejected_of(s, 6, 1) == 2);   /* "Cat " is "cat", " " is "" */
}

static void fields_do_not_run_together(void) {
  Span s[] = { span_str("ab"), span_str("c"), span_str("a"), span_str("bc") };
  CHECK(rejected_of(s, 2, 2) == 0);
  Span absent[] = { { NULL, 0 }, span_str("hello there"), span_str("hello there"), { NULL, 0 } };
  SpanTexts t = span_texts(absent, 2, 2);
  Grams g = { 0 };
  CHECK(text_read(&t.source, 0, 0, &g, 5) == 0 && g.len == 12 && g.text[0] == '\x1f');
  CHECK(text_read(&t.source, 1, 0, &g, 5) == 0 && g.len == 11);
  grams_free(&g);
}

static void all_alike_and_all_different_are_no_special_case(void) {
  enum { N = 1000 };
  static Span alike[N], different[N];
  static char room[N][40];
  for (int i = 0; i < N; i++) {
    alike[i] = span_str("the very same text in each row");
    for (int k = 0; k < 39; k++) room[i][k] = (char)('a' + draw(26));
    different[i] = span_of(room[i], 39);
  }
  CHECK(rejected_of(alike, N, 1) == N - 1);
  CHECK(rejected_of(different, N, 1) == 0);
  CHECK(rejected_of(alike, 0, 1) == 0);
  CHECK(rejected_of(alike, 1, 1) == 0);
}

static void a_template_of_20000_rows_is_one_comparison_a_row(void) {
  enum { N = 20000 };
  char (*room)[300] = malloc(N * sizeof *room);
  Span *s = malloc(N * sizeof *s);
  for (int i = 0; i < N; i++) {
    int n = snprintf(room[i], sizeof room[i], "Dear customer, thank you for your patience. Your order with the "
                     "number %05d has left our warehouse this morning and will reach you within three working "
                     "days. If you have any questions please write to us at any time. Kind regards", i);
    s[i] = span_of(room[i], (size_t)n);
  }
  SpanTexts texts = span_texts(s, N, 1);
  LeaderParams p = params(16, 8);
  Leaders got;
  Error err;
  CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
  /* 16x8 misses a pair at J = 0.92 once in about 10^5, and who is missed is kept */
  CHECK(got.rejected >= N - 20 && got.verified <= 2 * N && got.npairs <= 2 * N);
  leaders_free(&got);
  free(room);
  free(s);
}

static void recall_follows_the_curve(void) {
  /* Pairs of 300 letters whose J lies at 0.80 to 0.83; 16x8 finds at least as many as the curve
  ** promises at 0.8, less 4 standard errors and the 1.5 % that shared registers cost. */
  seed = 23;
  enum { PAIRS = 1500 };
  char (*room)[700] = malloc(2 * PAIRS * sizeof *room);
  Span *s = malloc(2 * PAIRS * sizeof *s);
  for (int i = 0; i < PAIRS; i++) {
    Span a = random_text(room[2 * i], 600, 26, 0);
    memcpy(room[2 * i + 1], a.ptr, a.len);
    for (int e = 0; e < 12; e++) room[2 * i + 1][25 + 48 * e] = '.';   /* 60 of 596 shingles: J = 536/656 */
    s[2 * i] = a;
    s[2 * i + 1] = span_of(room[2 * i + 1], a.len);
  }
  double found = (double)rejected_of(s, 2 * PAIRS, 1) / PAIRS, j = 536.0 / 656;
  double want = sketch_curve(16, 8, j);
  CHECK(found > want - 0.015 - 4 * sqrt(want * (1 - want) / PAIRS));
  free(room);
  free(s);
}

static void the_longest_text_is_kept_when_asked(void) {
  Span s[] = { span_str("please reset my password for this account"),
               span_str("please reset my password for this account today"),
               span_str("please reset my password for this account now") };
  SpanTexts texts = span_texts(s, 3, 1);
  LeaderParams p = params(128, 1);
  p.longest = 1;
  Leaders got;
  Error err;
  CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
  CHECK(got.twin[1] == TEXT_NONE && got.twin[0] == 1 && got.jaccard[0] == 37.0 / 43);
  leaders_free(&got);
}

int main(void) {
  RUN(exact_jaccard_equals_brute_force);
  RUN(long_texts_of_moved_parts_equal_brute_force);
  RUN(four_of_five_reaches_four_fifths);
  RUN(a_long_repetitive_text_needs_little_room);
  RUN(the_bitmap_turns_no_match_away);
  RUN(ascii_and_code_point_paths_give_the_same_tokens);
  RUN(a_shingle_counts_code_points);
  RUN(every_path_gives_the_same_slots_and_keys);
  RUN(slots_agree_as_often_as_the_sets_do);
  RUN(pairs_at_the_threshold_are_proposed_whatever_their_length);
  RUN(only_short_texts_have_the_bands_of_short_texts);
  RUN(the_curve_is_the_formula_and_the_solver_meets_its_goal);
  RUN(groups_are_what_shared_keys_connect);
  RUN(leaders_equal_brute_force);
  RUN(threads_and_paths_do_not_show);
  RUN(short_rows_are_compared_exactly);
  RUN(fields_do_not_run_together);
  RUN(all_alike_and_all_different_are_no_special_case);
  RUN(a_template_of_20000_rows_is_one_comparison_a_row);
  RUN(recall_follows_the_curve);
  RUN(the_longest_text_is_kept_when_asked);
  return check_done();
}
