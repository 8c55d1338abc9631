/* tests/test_judge.c - groups of many texts: the index of rare shingles against all pairs, the same
** verdict with it and without, and work that grows with the number of texts. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "neardup/judge.h"
#include "neardup/outline.h"
#include "neardup/rare.h"
#include "neardup/sketch.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

enum { MOST = 1200 };
typedef struct Made { char *room; Span *span; size_t n; } Made;

static Made made_new(size_t n) { return (Made){ malloc(n * MOST), malloc(n * sizeof(Span)), n }; }
static void made_free(Made *m) {
  free(m->room);
  free(m->span);
}

static size_t put_letters(char *to, size_t n, unsigned alphabet) {
  for (size_t i = 0; i < n; i++) to[i] = (char)('a' + draw(alphabet));
  return n;
}

/* Rows of one of `templates` texts of `shared` letters, then a body of `own` letters, give or take;
** every `copies`-th is an earlier row with some letters changed, or none; some are short or not ASCII. */
static Made make_crowd(size_t n, unsigned templates, size_t shared, size_t own, unsigned copies) {
  Made m = made_new(n);
  char *text = malloc(templates * shared);
  put_letters(text, templates * shared, 26);
  for (size_t i = 0; i < n; i++) {
    char *to = m.room + i * MOST;
    size_t len = shared;
    if (i > 0 && copies > 0 && draw(copies) == 0) {
      Span from = m.span[draw((uint32_t)i)];
      memcpy(to, from.ptr, from.len);
      len = from.len;
      for (uint32_t e = draw(6); e > 0 && len > 0; e--) to[draw((uint32_t)len)] = (char)('a' + draw(26));
    } else if (copies > 0 && draw(40) == 0) {
      len = put_letters(to, draw(5), 3);
    } else {
      memcpy(to, text + draw(templates) * shared, shared);
      len += put_letters(to + len, own * 3 / 4 + draw((uint32_t)(own / 2 + 1)), 26);
      if (copies > 0 && draw(30) == 0) memcpy(to + draw((uint32_t)len - 1), "\xC3\xA9", 2);
    }
    m.span[i] = span_of(to, len);
  }
  free(text);
  return m;
}

/* ---- the index of rare shingles ---- */

static void no_pair_at_the_floor_is_lost(void) {
  seed = 31;
  static const double floors[] = { 0.8, 0.5, 0.05, 0.95, 2.0 / 3, 0.8 };
  for (int round = 0; round < 24; round++) {
    size_t n = 40 + draw(160);
    double floor = floors[round % 6];
    unsigned shingle = 1 + draw(round % 2 ? 9 : 3);
    Made m = make_crowd(n, 1 + draw(3), 20 + draw(200), 8 + draw(100), 3);
    Grams *g = calloc(n, sizeof *g);
    GramTable t = { 0 };
    Rare *rare = rare_new(n, floor);
    uint8_t *proposed = calloc(n * n, 1);
    for (size_t i = 0; i < n; i++) CHECK(grams_of(&g[i], m.span[i], shingle, 0) == 0);
    for (size_t i = 0; i < n; i++) {
      if (g[i].kind == GRAMS_WHOLE) continue;
      CHECK(gram_table_fill(&t, &g[i]) == 0);
      if (i % 3 == 0) rare_count(rare, &t);
      CHECK(rare_add(rare, &t, (uint32_t)i) == 0);
    }
    CHECK(rare_lay(rare) == 0);
    size_t lost = 0, found, matches = 0;
    for (size_t i = 0; i < n; i++) {
      if (g[i].kind == GRAMS_WHOLE) continue;
      CHECK(gram_table_fill(&t, &g[i]) == 0);
      const uint32_t *with = rare_scan(rare, &t, (uint32_t)i, &found);
      for (size_t k = 0; k < found; k++) {
        CHECK(with[k] != i && !proposed[i * n + with[k]] && !proposed[with[k] * n + i]);
        proposed[i * n + with[k]] = 1;
      }
    }
    for (size_t i = 0; i < n; i++)
      for (size_t k = 0; k < i; k++) {
        size_t common, all;
        if (g[i].kind == GRAMS_WHOLE || g[k].kind == GRAMS_WHOLE) continue;
        if (grams_compare(&g[i], &g[k], floor, &common, &all) != 1) continue;
        matches++;
        lost += !proposed[i * n + k] && !proposed[k * n + i];
      }
    CHECK(lost == 0 && matches > 0);
    for (size_t i = 0; i < n; i++) grams_free(&g[i]);
    free(g);
    free(proposed);
    gram_table_free(&t);
    rare_free(rare);
    made_free(&m);
  }
}

/* ---- one group, judged with and without ---- */

typedef struct Judged {
  uint32_t *twin;
  double *jaccard;
  JudgeRoom *room;
  size_t npairs, candidates, verified;
  const TextPair *pair;
} Judged;

typedef struct Group {
  SpanTexts texts;
  LeaderParams p;
  size_t stride;
  uint32_t *keys, *shingles, *text;
  uint64_t *hash;
} Group;

static Group make_group(const Made *m, unsigned bands, unsigned rows, double threshold, double floor) {
  size_t n = m->n, stride = lsh_stride(bands);
  Group g = { .texts = span_texts(m->span, n, 1), .stride = stride };
  g.p = (LeaderParams){ .shingle = 5, .hashes = bands * rows, .bands = bands, .rows = rows,
                        .threshold = threshold, .floor = floor, .path = simd_best() };
  SketchPlan plan = sketch_plan(g.p.hashes, bands, rows, simd_best());
  SketchRoom *room = sketch_room_new(&plan);
  Grams grams = { 0 };
  g.keys = malloc(n * stride * sizeof *g.keys);
  g.shingles = malloc(n * sizeof *g.shingles);
  g.text = malloc(n * sizeof *g.text);
  g.hash = malloc(n * sizeof *g.hash);
  for (size_t i = 0; i < n; i++) {
    CHECK(grams_of(&grams, m->span[i], 5, 0) == 0);
    unsigned used = sketch_keys(&plan, room, &grams, g.keys + i * stride);
    lsh_pad(g.keys + i * stride, used, stride, (uint32_t)i);
    g.shingles[i] = (uint32_t)grams.n;
    g.text[i] = (uint32_t)i;
    g.hash[i] = 0;   /* of the folded bytes, for all that the judge may rely on: */
    for (size_t k = 0; k < grams.len; k++) g.hash[i] = (g.hash[i] ^ (unsigned char)grams.text[k]) * UINT64_C(0x100000001B3);
  }
  grams_free(&grams);
  sketch_room_free(room);
  return g;
}

static void group_free(Group *g) {
  free(g->keys);
  free(g->shingles);
  free(g->text);
  free(g->hash);
}

static Judged judge(const Group *g, size_t patience) {
  size_t n = g->texts.source.n;
  Judged d = { .twin = malloc(n * sizeof *d.twin), .jaccard = malloc(n * sizeof *d.jaccard), .room = judge_room_new(0) };
  for (size_t i = 0; i < n; i++) {
    d.twin[i] = TEXT_NONE;
    d.jaccard[i] = NAN;
  }
  Judge j = { .src = &g->texts.source, .p = &g->p, .stride = g->stride, .keys = g->keys, .hash = g->hash,
              .shingles = g->shingles, .twin = d.twin, .jaccard = d.jaccard, .patience = patience };
  CHECK(judge_group(&j, d.room, g->text, n) == 0);
  d.pair = judge_pairs(d.room, &d.npairs);
  Leaders counts = { 0 };
  judge_counts(d.room, &counts);
  d.candidates = counts.candidates;
  d.verified = counts.verified;
  return d;
}

static void judged_free(Judged *d) {
  free(d->twin);
  free(d->jaccard);
  judge_room_free(d->room);
}

static void a_crowd_gets_the_verdict_of_all_pairs(void) {
  seed = 37;
  for (int round = 0; round < 12; round++) {
    double threshold = round % 3 == 0 ? 0.6 : 0.8;
    Made m = make_crowd(900 + draw(900), 1 + draw(3), 100 + draw(300), 30 + draw(120), round % 2 ? 4 : 0);
    Group g = make_group(&m, 36, round % 4 < 2 ? 3 : 7, threshold, round % 4 == 3 ? threshold - 0.2 : threshold);
    Judged with = judge(&g, 1), without = judge(&g, SIZE_MAX);
    CHECK(memcmp(with.twin, without.twin, m.n * sizeof *with.twin) == 0);
    CHECK(memcmp(with.jaccard, without.jaccard, m.n * sizeof *with.jaccard) == 0);
    CHECK(with.npairs == without.npairs);
    CHECK(with.npairs == 0 || memcmp(with.pair, without.pair, with.npairs * sizeof *with.pair) == 0);
    CHECK(with.candidates <= without.candidates);
    judged_free(&with);
    judged_free(&without);
    group_free(&g);
    made_free(&m);
  }
}

static void rows_that_share_three_quarters_are_not_compared_with_one_another(void) {
  /* 600 letters of a template, about 200 of a body: J = 0.6 and 200 of 800 shingles are the row's own.
  ** All are kept, and nearly all share a key with each kept one before: 18 million pairs. */
  seed = 41;
  Made m = make_crowd(6000, 1, 600, 200, 0);
  Group g = make_group(&m, 36, 7, 0.8, 0.8);
  Judged d = judge(&g, JUDGE_PATIENCE);
  size_t kept = 0;
  for (size_t i = 0; i < m.n; i++) kept += d.twin[i] == TEXT_NONE;
  CHECK(kept == m.n && d.npairs == 0);
  CHECK(d.candidates < 3000000);   /* until the index stands */
  judged_free(&d);
  group_free(&g);
  made_free(&m);
}

static void copies_of_a_template_with_a_number_are_verified_once_each(void) {
  enum { N = 30000 };
  Made m = made_new(N);
  for (int i = 0; i < N; i++) {
    char *to = m.room + (size_t)i * MOST;
    int n = snprintf(to, MOST, "Dear customer, thank you for your patience. Your order with the number %07d has left our "
                     "warehouse this morning and will reach you within three working days. If you have any questions "
                     "please write to us at any time. Kind regards, your friends from the shop", i * 37);
    m.span[i] = span_of(to, (size_t)n);
  }
  Group g = make_group(&m, 36, 7, 0.8, 0.8);
  Judged d = judge(&g, JUDGE_PATIENCE);
  /* 11 of about 260 shingles differ: J = 0.92, so no pair slips past 36 bands of 7 slots */
  CHECK(d.npairs == N - 1 && d.verified == N - 1);
  judged_free(&d);
  group_free(&g);
  made_free(&m);
}

/* ---- groups of many texts ---- */

static void groups_of_many_texts_are_what_shared_keys_connect(void) {
  enum { N = 20000, BANDS = 3, STRIDE = 4 };
  seed = 47;
  uint32_t *keys = malloc(N * STRIDE * sizeof *keys), *root = malloc(N * sizeof *root);
  uint32_t *want = malloc(N * sizeof *want), *last = malloc((1u << 18) * sizeof *last);
  for (int round = 0; round < 4; round++) {
    uint32_t different = round == 0 ? 1 : round == 1 ? 1u << 18 : 40000;   /* all alike; hardly any; some */
    for (uint32_t i = 0; i < N; i++) {
      for (unsigned b = 0; b < BANDS; b++) keys[i * STRIDE + b] = draw(different) * 0x2001u + N;
      lsh_pad(keys + i * STRIDE, BANDS, STRIDE, i);
      want[i] = i;
    }
    for (int changed = 1; changed;) {   /* the lowest number goes along equal keys until nothing moves */
      changed = 0;
      for (unsigned b = 0; b < BANDS; b++) {
        memset(last, 0xFF, (1u << 18) * sizeof *last);
        for (int again = 0; again < 2; again++)
          for (uint32_t i = 0; i < N; i++) {
            uint32_t *low = &last[(keys[i * STRIDE + b] - N) / 0x2001u];
            if (want[i] < *low) *low = want[i];
            changed |= *low < want[i];
            want[i] = *low;
          }
      }
    }
    CHECK(lsh_groups(keys, N, BANDS, STRIDE, NULL, NULL, NULL, root) == 0);
    CHECK(memcmp(root, want, N * sizeof *root) == 0);
  }
  free(keys);
  free(root);
  free(want);
  free(last);
}

/* ---- outlines ---- */

static void an_outline_turns_no_match_away_and_takes_strangers_apart(void) {
  seed = 43;
  size_t lost = 0, matches = 0, apart = 0;
  for (int round = 0; round < 12; round++) {
    double floor = round % 2 ? 0.8 : 0.5;
    Made m = make_crowd(300, 100, 60 + draw(100), 60 + draw(100), 3);
    const uint32_t n = (uint32_t)m.n;
    Group g = make_group(&m, 64, 2, floor, floor);   /* nearly all share some key */
    uint32_t *all = malloc(n * sizeof *all), *some = malloc(n * sizeof *some);
    Pool *pool = pool_new(1 + round % 3);
    Outlines o = { .floor = floor, .shingles = g.shingles };
    int any;
    CHECK(lsh_groups(g.keys, n, 64, g.stride, NULL, NULL, pool, all) == 0);
    CHECK(outlines_make(&o, &g.texts.source, 5, simd_best(), all, n + 1, pool, &any) == 0 && !any);
    outlines_free(&o);
    o = (Outlines){ .floor = floor, .shingles = g.shingles };
    CHECK(outlines_make(&o, &g.texts.source, 5, simd_best(), all, 2, pool, &any) == 0 && any);
    CHECK(lsh_groups(g.keys, n, 64, g.stride, outlines_may_match, &o, pool, some) == 0);
    Grams x = { 0 }, y = { 0 };
    GramTable t = { 0 };
    for (uint32_t i = 0; i < n; i++) {
      CHECK(grams_of(&x, m.span[i], 5, 0) == 0 && gram_table_fill(&t, &x) == 0);
      CHECK(all[some[i]] == all[i] && some[i] <= i);
      apart += some[i] != all[i];
      for (uint32_t k = 0; k < i; k++) {
        size_t common, sum;
        CHECK(grams_of(&y, m.span[k], 5, 0) == 0);
        if (gram_table_compare(&t, &y, floor, &common, &sum) != 1) continue;
        matches++;
        lost += !outlines_may_match(&o, i, k);
        lost += lsh_meet(g.keys + i * g.stride, g.keys + k * g.stride, g.stride) && some[i] != some[k];
      }
    }
    outlines_free(&o);
    grams_free(&x);
    grams_free(&y);
    gram_table_free(&t);
    pool_free(pool);
    group_free(&g);
    made_free(&m);
    free(all);
    free(some);
  }
  CHECK(lost == 0 && matches > 500 && apart > 500);
}

static void a_large_group_is_judged_as_it_is_where_outlines_cannot_part_it(void) {
  enum { N = 100000 };   /* from here on leaders.c makes outlines */
  char (*room)[96] = malloc(N * sizeof *room);
  Span *span = malloc(N * sizeof *span);
  for (int i = 0; i < N; i++) {
    int n = snprintf(room[i], sizeof room[i], "the order with the number %05d has left our warehouse and will reach you soon", i);
    span[i] = span_of(room[i], (size_t)n);
  }
  SpanTexts texts = span_texts(span, N, 1);
  LeaderParams p = { .shingle = 5, .hashes = 128, .bands = 42, .rows = 3, .threshold = 0.6, .floor = 0.6, .path = simd_best() };
  Leaders got;
  Error err;
  CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
  /* 9 of 76 shingles differ: J = 67 / 85, and no more than a handful of pairs slip past 42 bands of 3 */
  CHECK(got.largest == N && got.rejected >= N - 5 && got.verified <= 2 * N && got.npairs <= 2 * N);
  leaders_free(&got);
  free(room);
  free(span);
}

int main(void) {
  RUN(groups_of_many_texts_are_what_shared_keys_connect);
  RUN(an_outline_turns_no_match_away_and_takes_strangers_apart);
  RUN(a_large_group_is_judged_as_it_is_where_outlines_cannot_part_it);
  RUN(no_pair_at_the_floor_is_lost);
  RUN(a_crowd_gets_the_verdict_of_all_pairs);
  RUN(rows_that_share_three_quarters_are_not_compared_with_one_another);
  RUN(copies_of_a_template_with_a_number_are_verified_once_each);
  return check_done();
}
